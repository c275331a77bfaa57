using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs repositories</c>: where the code of services is.</summary>
static class RepositoriesCommand
{
    public static Command Create(CommandFrame frame) => new("repositories", "Where the code of services is, for finding the line behind a trace.") { List(frame), Set(frame), Remove(frame) };

    static Option<string?> Service() => new("--service") { Description = "Of this service; else of all that have none of their own.", HelpName = "NAME" };

    static DocumentedCommand List(CommandFrame frame) => frame.Remote("list", "List where the code of services is.", "engine logs repositories list", async (client, parse, ct) =>
    {
        var listed = (await client.GetAsync("/api/logs/repositories", ct)).Document;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(listed);
        else frame.Terminal.Table(["Service", "Path", "Mappings"], listed.Items("repositories").Select(r => new[]
        {
            r.Text("service") is { Length: > 0 } service ? service : "all others", r.Text("path"), string.Join(", ", r.Items("mappings").Select(m => $"{m.Text("from")} = {m.Text("to")}")),
        }));
        return ExitCode.Done;
    });

    static DocumentedCommand Set(CommandFrame frame)
    {
        var path = new Argument<string>("path") { Description = "A clone on the engine's host, bare or not." };
        var service = Service();
        var map = new Option<string[]>("--map") { Description = "FROM=TO: what stands before a path in a trace, and what stands there in the repository; may be given several times.", HelpName = "FROM=TO" };
        var command = new DocumentedCommand("set", "Say where the code of a service is.", "engine logs repositories set /srv/git/shop --service shop --map /app/=src/") { path, service, map, frame.Url, frame.TokenFile };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(map) ?? []).Any(m => m.IndexOf('=', StringComparison.Ordinal) < 1)) result.AddError("--map is FROM=TO.");
        });
        return command.Runs(async (parse, ct) =>
        {
            using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
            var mappings = (parse.GetValue(map) ?? []).Select(m => m.Split('=', 2)).Select(m => (JsonNode)new JsonObject { ["from"] = m[0], ["to"] = m[1] });
            await client.SendAsync(HttpMethod.Put, "/api/logs/repositories", new JsonObject { ["path"] = System.IO.Path.GetFullPath(parse.GetRequiredValue(path)), ["service"] = parse.GetValue(service), ["mappings"] = new JsonArray([.. mappings]) }, ct);
            frame.Terminal.Note("Done.");
            return ExitCode.Done;
        });
    }

    static DocumentedCommand Remove(CommandFrame frame)
    {
        var service = Service();
        var command = frame.Remote("remove", "Forget where the code of a service is.", "engine logs repositories remove --service shop", async (client, parse, ct) =>
        {
            await client.SendAsync(HttpMethod.Delete, $"/api/logs/repositories?service={Uri.EscapeDataString(parse.GetValue(service) ?? "")}", null, ct);
            return ExitCode.Done;
        });
        command.Add(service);
        return command;
    }
}
