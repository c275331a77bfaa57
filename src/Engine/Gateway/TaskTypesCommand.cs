using System.CommandLine;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Routing.Policies;

namespace Engine.Gateway;

/// <summary><c>engine policies types</c>: which policy a type of task goes by.</summary>
static class TaskTypesCommand
{
    const string Path = "/api/routing/task_types";

    public static Command Create(CommandFrame frame) => new("types", "Types of tasks, and the policies that they go by.") { List(frame), Set(frame), Remove(frame) };

    static DocumentedCommand List(CommandFrame frame) => frame.Remote("list", "List the types of tasks with their policies.", "engine policies types list", async (client, parse, ct) =>
    {
        var types = (await client.GetAsync(Path, ct)).Document;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(types);
        else frame.Terminal.Table(["Type", "Policy", "Preference"], types.Items().Select(t => new[] { t.Text("task_type"), t.Text("policy"), t.Text("preference") }));
        return ExitCode.Done;
    });

    static DocumentedCommand Set(CommandFrame frame)
    {
        var type = new Argument<string>("type") { Description = "Such as fix_bug." };
        var policy = new Argument<string>("policy") { Description = "The policy's name, as `engine policies list` shows it." };
        var preference = new Option<string>("--preference") { Description = $"What counts: {string.Join(", ", Preferences.All)}; by default what the policy says.", HelpName = "PREFERENCE" }.OneOf([.. Preferences.All]);
        var command = frame.Remote("set", "Let a type of task go by a policy.", "engine policies types set fix_bug code\nengine policies types set simple_query ops --preference fast",
            (client, parse, ct) => ChangeAsync(frame, client, parse, types => [.. types.Where(t => t["task_type"]!.ToString() != parse.GetRequiredValue(type)),
                new JsonObject { ["task_type"] = parse.GetRequiredValue(type), ["policy"] = parse.GetRequiredValue(policy), ["preference"] = parse.GetValue(preference) }], ct));
        command.Add(type);
        command.Add(policy);
        command.Add(preference);
        return command;
    }

    static DocumentedCommand Remove(CommandFrame frame)
    {
        var type = new Argument<string>("type") { Description = "As `engine policies types list` shows it; tasks of this type then go by the policy of generic." };
        var command = frame.Remote("remove", "Say nothing of a type of task any more.", "engine policies types remove write_report",
            (client, parse, ct) => ChangeAsync(frame, client, parse, types => types.Any(t => t["task_type"]!.ToString() == parse.GetRequiredValue(type))
                ? [.. types.Where(t => t["task_type"]!.ToString() != parse.GetRequiredValue(type))]
                : throw new CommandException(ExitCode.Refused, $"The task type {parse.GetRequiredValue(type)} is not in the table.", "`engine policies types list` shows what is."), ct));
        command.Add(type);
        return command;
    }

    // The table read here is the one that is changed: somebody else's change in between is not overwritten.
    static async Task<ExitCode> ChangeAsync(CommandFrame frame, EngineClient client, ParseResult parse, Func<IReadOnlyList<JsonObject>, IReadOnlyList<JsonObject>> change, CancellationToken ct)
    {
        var before = await client.GetAsync(Path, ct);
        var types = change([.. before.Document.Items().Select(t => (JsonObject)JsonNode.Parse(t.GetRawText())!)]);
        var after = (await client.SendAsync(HttpMethod.Put, Path, new JsonObject { ["items"] = new JsonArray([.. types]) }, ct, ("If-Match", before.ETag ?? "*"))).Document;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(after);
        else frame.Terminal.Say($"There are {after.Items().Count()} task types.");
        return ExitCode.Done;
    }
}
