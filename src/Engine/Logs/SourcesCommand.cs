using System.CommandLine;
using System.Text.Json.Nodes;
using Crawlers.Logs.Sources;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs sources</c>: where the crawler reads.</summary>
static class SourcesCommand
{
    public static Command Create(CommandFrame frame) => new("sources", "Log sources: where the crawler reads, and how that goes.") { List(frame), Add(frame), Remove(frame) };

    static Argument<string> Name() => new("name") { Description = "The source's name." };

    static string Path(string name) => $"/api/logs/sources/{Uri.EscapeDataString(name)}";

    static DocumentedCommand List(CommandFrame frame) => frame.Remote("list", "List the log sources with how reading them goes.", "engine logs sources list", async (client, parse, ct) =>
    {
        var listed = (await client.GetAsync("/api/logs/sources", ct)).Document;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(listed);
        else frame.Terminal.Table(["Name", "Kind", "Enabled", "Lines", "Events", "Errors", "Dropped", "Behind", "Read at", "Problem"], listed.Items("sources").Select(s => new[]
        {
            s.Text("name"), s.Text("kind"), s.Text("enabled"), s.Text("lines"), s.Text("events"), s.Text("errors"), s.Text("dropped_errors"), $"{s.Text("behind_bytes")} B", s.Text("read_at"), s.Text("problem"),
        }));
        return ExitCode.Done;
    });

    static DocumentedCommand Add(CommandFrame frame)
    {
        var name = Name();
        var kind = new Option<string>("--kind") { Description = $"{string.Join(", ", SourceSettings.Kinds)}.", HelpName = "KIND", Required = true };
        kind.OneOf([.. SourceSettings.Kinds]);
        var paths = new Option<string[]>("--path") { Description = "Files: a path with *, ? and **; may be given several times. Docker, Kubernetes: the folder, else the usual one.", HelpName = "PATTERN" };
        var exclude = new Option<string[]>("--exclude") { Description = "Files that are left out; may be given several times.", HelpName = "PATTERN" };
        var fromEnd = new Option<bool>("--from-end") { Description = "Pass over what files have already." };
        var units = new Option<string[]>("--unit") { Description = "journald: only this unit; may be given several times.", HelpName = "UNIT" };
        var loki = new Option<string?>("--loki-url") { Description = "Loki's address.", HelpName = "URL" };
        var query = new Option<string?>("--query") { Description = "Loki: a selector, such as {app=\"shop\"}.", HelpName = "LOGQL" };
        var tenant = new Option<string?>("--tenant") { Description = "Loki: the tenant.", HelpName = "NAME" };
        var secret = new Option<string?>("--secret") { Description = "Loki: the environment variable or the file, on the engine's side, with the token or user:password.", HelpName = "NAME" };
        var service = new Option<string?>("--service") { Description = "Whose log it is, where nothing else says so.", HelpName = "NAME" };
        var release = new Option<string?>("--release") { Description = "Of which release.", HelpName = "NAME" };
        var host = new Option<string?>("--host") { Description = "Only the engine on this host reads it.", HelpName = "NAME" };
        var zone = new Option<string?>("--zone") { Description = "Of times that name none, such as +02:00; else UTC.", HelpName = "OFFSET" };
        var level = new Option<string>("--count-from") { Description = "The least level that is an error: warning, error (the default) or critical.", HelpName = "LEVEL" };
        level.OneOf(LogSource.Levels);
        var format = LogSource.Format();
        var disabled = new Option<bool>("--disabled") { Description = "Make it without reading it yet." };
        var command = new DocumentedCommand("add", "Make or change a log source; it is read from where it was left.",
            "engine logs sources add shop --kind files --path '/var/log/shop/*.log' --service shop\nengine logs sources add pods --kind kubernetes\nengine logs sources add journal --kind journald --unit nginx.service\n"
            + "engine logs sources add loki --kind loki --loki-url http://loki:3100 --query '{app=\"shop\"}'")
        {
            name, kind, paths, exclude, fromEnd, units, loki, query, tenant, secret, service, release, host, zone, level, format, disabled, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            var settings = new JsonObject { ["format"] = parse.GetValue(format), ["from_end"] = parse.GetValue(fromEnd), ["paths"] = Texts(parse.GetValue(paths)), ["exclude"] = Texts(parse.GetValue(exclude)), ["units"] = Texts(parse.GetValue(units)) };
            foreach (var (key, option) in new[] { ("url", loki), ("query", query), ("tenant", tenant), ("secret", secret), ("service", service), ("release", release), ("host", host), ("zone", zone) })
                if (parse.GetValue(option) is { } value) settings[key] = value;
            if (parse.GetValue(level) is { } least) settings["count_from"] = least;
            using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
            var made = (await client.SendAsync(HttpMethod.Put, Path(parse.GetRequiredValue(name)), new JsonObject { ["kind"] = parse.GetValue(kind), ["settings"] = settings, ["enabled"] = !parse.GetValue(disabled) }, ct)).Document;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(made);
            else frame.Terminal.Note($"The source {made.Text("name")} is read from now on; `engine logs sources list` shows how that goes.");
            return ExitCode.Done;
        });
    }

    static DocumentedCommand Remove(CommandFrame frame)
    {
        var name = Name();
        var command = frame.Remote("remove", "Remove a log source with its position; what was counted stays.", "engine logs sources remove shop", async (client, parse, ct) =>
        {
            await client.SendAsync(HttpMethod.Delete, Path(parse.GetRequiredValue(name)), null, ct);
            return ExitCode.Done;
        });
        command.Add(name);
        return command;
    }

    static JsonArray Texts(string[]? texts) => new([.. (texts ?? []).Select(t => (JsonNode)t)]);
}
