using System.CommandLine;
using System.Text.Json.Nodes;
using Crawlers.Logs.Alerts;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs rules</c>: when errors are told of.</summary>
static class RulesCommand
{
    public static Command Create(CommandFrame frame) => new("rules", "Rules: when errors are told of.") { List(frame), Set(frame), Remove(frame) };

    static string Path(string name) => $"/api/logs/rules/{Uri.EscapeDataString(name)}";

    static DocumentedCommand List(CommandFrame frame) => frame.Remote("list", "List the rules.", "engine logs rules list", async (client, parse, ct) =>
    {
        var listed = (await client.GetAsync("/api/logs/rules", ct)).Document;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(listed);
        else frame.Terminal.Table(["Name", "Kind", "Threshold", "Span", "Factor", "Cooldown", "Priority", "Service", "Level", "Enabled"], listed.Items("rules").Select(r => new[]
        {
            r.Text("name"), r.Text("kind"), r.Text("threshold"), r.Text("span"), r.Text("factor"), r.Text("cooldown"), r.Text("priority"), r.Text("service"), r.Text("level"), r.Text("enabled"),
        }));
        return ExitCode.Done;
    });

    static DocumentedCommand Set(CommandFrame frame)
    {
        var name = new Argument<string>("name") { Description = "The rule's name." };
        var kind = new Option<string>("--kind") { Description = $"{string.Join(", ", RuleKind.All)}.", HelpName = "KIND", Required = true };
        kind.OneOf([.. RuleKind.All]);
        var threshold = new Option<int>("--threshold") { Description = "Events in the span; spike: in a minute; sustained: minutes; storm: new errors.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var span = new Option<TimeSpan>("--span") { Description = "Over which it counts, such as 00:10:00.", HelpName = "TIME", DefaultValueFactory = _ => TimeSpan.FromMinutes(5) };
        var factor = new Option<double>("--factor") { Description = "Of a spike: how many times its mean minute.", HelpName = "N", DefaultValueFactory = _ => 3 };
        var cooldown = new Option<TimeSpan>("--cooldown") { Description = "For so long it is silent about an error that it has told of.", HelpName = "TIME", DefaultValueFactory = _ => TimeSpan.FromMinutes(30) };
        var priority = new Option<string>("--priority") { Description = "Of its tasks: critical, high, normal, low or deferred.", HelpName = "PRIORITY", DefaultValueFactory = _ => "normal" };
        priority.OneOf("critical", "high", "normal", "low", "deferred");
        var service = new Option<string?>("--service") { Description = "Only errors of this service.", HelpName = "NAME" };
        var level = new Option<string>("--level") { Description = "Only errors of at least this level.", HelpName = "LEVEL" };
        level.OneOf(LogSource.Levels);
        var disabled = new Option<bool>("--disabled") { Description = "Switch it off." };
        var command = new DocumentedCommand("set", "Make or change a rule.", "engine logs rules set payments --kind rate --threshold 3 --span 00:10:00 --service payments --priority high\nengine logs rules set spike --kind spike --threshold 10 --span 01:00:00 --disabled")
        {
            name, kind, threshold, span, factor, cooldown, priority, service, level, disabled, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
            await client.SendAsync(HttpMethod.Put, Path(parse.GetRequiredValue(name)), new JsonObject
            {
                ["kind"] = parse.GetValue(kind), ["threshold"] = parse.GetValue(threshold), ["span"] = parse.GetValue(span).ToString(), ["factor"] = parse.GetValue(factor), ["cooldown"] = parse.GetValue(cooldown).ToString(),
                ["priority"] = parse.GetValue(priority), ["service"] = parse.GetValue(service), ["level"] = parse.GetValue(level), ["enabled"] = !parse.GetValue(disabled),
            }, ct);
            frame.Terminal.Note("Done.");
            return ExitCode.Done;
        });
    }

    static DocumentedCommand Remove(CommandFrame frame)
    {
        var name = new Argument<string>("name") { Description = "The rule's name." };
        var command = frame.Remote("remove", "Remove a rule.", "engine logs rules remove payments", async (client, parse, ct) =>
        {
            await client.SendAsync(HttpMethod.Delete, Path(parse.GetRequiredValue(name)), null, ct);
            return ExitCode.Done;
        });
        command.Add(name);
        return command;
    }
}
