using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Schedules;

/// <summary><c>engine schedules</c>: what the engine does by the clock.</summary>
static class SchedulesCommand
{
    static readonly (string Column, string Member)[] Columns =
    [
        ("Name", "name"), ("Duty", "duty"), ("Cron", "cron"), ("Time zone", "time_zone"), ("Misfire", "misfire_policy"), ("Enabled", "enabled"),
        ("Next", "next_fire_at"), ("Last", "last_fire_at"), ("Outcome", "last_outcome"),
    ];

    public static Command Create(CommandFrame frame) => new("schedules", "Schedules: what the engine does by the clock.")
    {
        List(frame), Show(frame),
        Switch(frame, "enable", "Let a schedule fire again.", isEnabled: true),
        Switch(frame, "disable", "Keep a schedule from firing; `run` still works.", isEnabled: false),
        Set(frame), Run(frame),
    };

    static Argument<string> Name() => new("name") { Description = "The schedule's name, as `engine schedules list` shows it." };

    static string Path(string name) => $"/api/schedules/{Uri.EscapeDataString(name)}";

    static DocumentedCommand List(CommandFrame frame)
    {
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List the schedules with their last and next fire.", "engine schedules list",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/schedules", parse.GetValue(limit),
                [.. Columns.Select(c => c.Column)], schedule => [.. Columns.Select(c => schedule.Text(c.Member))], ct));
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Show(CommandFrame frame)
    {
        var name = Name();
        var command = frame.Remote("show", "Show one schedule and its last ten fires.", "engine schedules show verify_audit",
            async (client, parse, ct) =>
            {
                var path = Path(parse.GetRequiredValue(name));
                var schedule = (await client.GetAsync(path, ct)).Document;
                var fires = (await client.GetAsync($"{path}/fires?limit=10", ct)).Document.Items().ToArray();
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(json =>
                {
                    json.WriteStartObject();
                    foreach (var member in schedule.EnumerateObject()) member.WriteTo(json);
                    json.WriteStartArray("fires");
                    foreach (var fire in fires) fire.WriteTo(json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                else
                {
                    Tell(frame, schedule);
                    if (fires.Length > 0) frame.Terminal.Table(["Fire", "By hand", "Started", "Finished", "Outcome", "Detail"],
                        fires.Select(f => new[] { f.Text("fire_time"), f.Text("manual"), f.Text("started_at"), f.Text("finished_at"), f.Text("outcome"), f.Text("detail") }));
                }
                return ExitCode.Done;
            });
        command.Add(name);
        return command;
    }

    static DocumentedCommand Switch(CommandFrame frame, string verb, string description, bool isEnabled)
    {
        var name = Name();
        var command = frame.Remote(verb, description, $"engine schedules {verb} verify_audit",
            (client, parse, ct) => ChangeAsync(frame, client, parse, parse.GetRequiredValue(name), new JsonObject { ["enabled"] = isEnabled }, ct));
        command.Add(name);
        return command;
    }

    static DocumentedCommand Set(CommandFrame frame)
    {
        var name = Name();
        var cron = new Option<string?>("--cron") { Description = "Quartz cron expression, seconds first: \"0 0 3 * * ?\" is 03:00 every day.", HelpName = "EXPRESSION" };
        var zone = new Option<string?>("--time-zone") { Description = "IANA time zone such as Europe/Berlin.", HelpName = "ZONE" };
        var misfire = new Option<string>("--misfire-policy")
        {
            Description = $"What becomes of fires that nobody could start in time: {string.Join(" or ", MisfirePolicies.All)}.", HelpName = "POLICY",
        }.OneOf([.. MisfirePolicies.All]);
        var command = frame.Remote("set", "Change when a schedule fires; what is not named stays.",
            "engine schedules set verify_audit --cron \"0 0 3 * * ?\" --time-zone Europe/Berlin",
            (client, parse, ct) =>
            {
                var change = new JsonObject();
                if (parse.GetValue(cron) is { } c) change["cron"] = c;
                if (parse.GetValue(zone) is { } z) change["time_zone"] = z;
                if (parse.GetValue(misfire) is { } m) change["misfire_policy"] = m;
                return ChangeAsync(frame, client, parse, parse.GetRequiredValue(name), change, ct);
            });
        command.Add(name);
        foreach (var option in new Option[] { cron, zone, misfire }) command.Add(option);
        command.Validators.Add(result =>
        {
            if (new Option[] { cron, zone, misfire }.All(o => result.GetResult(o) is null))
                result.AddError("nothing to change: name --cron, --time-zone or --misfire-policy.");
        });
        return command;
    }

    static DocumentedCommand Run(CommandFrame frame)
    {
        var name = Name();
        var command = frame.Remote("run", "Fire a schedule now, besides its own times.", "engine schedules run verify_audit",
            async (client, parse, ct) =>
            {
                var reply = await client.SendAsync(HttpMethod.Post, $"{Path(parse.GetRequiredValue(name))}/run", null, ct,
                    ("Idempotency-Key", $"{Guid.CreateVersion7(frame.Time.GetUtcNow())}"));
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(reply.Document);
                else frame.Terminal.Say($"{reply.Document.Text("name")} fires now; `engine schedules show {reply.Document.Text("name")}` tells how it ends.");
                return ExitCode.Done;
            });
        command.Add(name);
        return command;
    }

    // The version read here is the one that is changed: somebody else's change in between is not overwritten.
    static async Task<ExitCode> ChangeAsync(
        CommandFrame frame, EngineClient client, ParseResult parse, string name, JsonObject change, CancellationToken ct)
    {
        var before = await client.GetAsync(Path(name), ct);
        try
        {
            var after = await client.SendAsync(HttpMethod.Patch, Path(name), change, ct, ("If-Match", before.ETag ?? "*"));
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(after.Document);
            else Tell(frame, after.Document);
            return ExitCode.Done;
        }
        catch (CommandException e) when (e.Status == HttpStatusCode.PreconditionFailed)
        {
            throw new CommandException(ExitCode.Refused, $"Somebody else changed the schedule {name} at the same moment; nothing was done.",
                $"look at it with `engine schedules show {name}` and give the command again.", e);
        }
    }

    static void Tell(CommandFrame frame, JsonElement schedule) => frame.Terminal.Facts(Columns.Select(c => (c.Column, schedule.Text(c.Member))));
}
