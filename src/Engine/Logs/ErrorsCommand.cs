using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs errors</c>, <c>show</c>, <c>mute</c>, <c>resolve</c>, <c>merge</c> and <c>split</c>: errors, and what people decide about them.</summary>
static class ErrorsCommand
{
    static readonly string[] States = ["open", "muted", "resolved"];

    static Argument<string> Fingerprint() => new("fingerprint") { Description = "As `engine logs errors` shows it." };

    static Option<string> Reason() => new("--reason") { Description = "For those who ask later.", HelpName = "TEXT", Required = true };

    static string Path(string fingerprint) => $"/api/logs/errors/{Uri.EscapeDataString(fingerprint)}";

    public static DocumentedCommand List(CommandFrame frame)
    {
        var state = new Option<string>("--state") { Description = "Only errors in this state.", HelpName = "STATE" };
        state.OneOf(States);
        var service = new Option<string?>("--service") { Description = "Only errors of this service.", HelpName = "NAME" };
        var search = new Option<string?>("--search") { Description = "A part of their words or of the type of their exception.", HelpName = "TEXT" };
        var limit = Paging.Limit();
        var command = frame.Remote("errors", "List the errors, the last seen first.", "engine logs errors --state open\nengine logs errors --service shop --search timeout", (client, parse, ct) =>
        {
            var query = string.Concat(new[] { ("state", parse.GetValue(state)), ("service", parse.GetValue(service)), ("text", parse.GetValue(search)) }.Where(q => q.Item2 is not null).Select((q, i) => $"{(i == 0 ? '?' : '&')}{q.Item1}={Uri.EscapeDataString(q.Item2!)}"));
            return client.ListAsync(frame, parse, $"/api/logs/errors{query}", parse.GetValue(limit), ["Fingerprint", "Error", "Level", "Count", "Last seen", "Services", "State", "Task"],
                e => [e.Text("fingerprint"), e.Text("title"), e.Text("level"), e.Text("count"), e.Text("last_seen"), Joined(e, "services"), e.Text("state"), e.Text("task_id")], ct);
        });
        command.Add(state);
        command.Add(service);
        command.Add(search);
        command.Add(limit);
        return command;
    }

    public static DocumentedCommand Show(CommandFrame frame)
    {
        var fingerprint = Fingerprint();
        var command = frame.Remote("show", "Show an error: what it is, where it comes from in the code, how often it came, its newest sample.", "engine logs show t1-0123456789abcdef0123456789abcdef", async (client, parse, ct) =>
        {
            var path = Path(parse.GetRequiredValue(fingerprint));
            var shown = (await client.GetAsync(path, ct)).Document;
            if (parse.GetValue(frame.Json))
            {
                frame.Terminal.Json(shown);
                return ExitCode.Done;
            }
            Tell(frame.Terminal, shown);
            Rates(frame.Terminal, (await client.GetAsync($"{path}/occurrences?span=hour", ct)).Document);
            return ExitCode.Done;
        });
        command.Add(fingerprint);
        return command;
    }

    static void Tell(Terminal terminal, JsonElement shown)
    {
        var error = shown.GetProperty("error");
        var facts = new List<(string, string)>
        {
            ("Error", error.Text("title")), ("Fingerprint", error.Text("fingerprint")), ("State", State(error)), ("Level", error.Text("level")), ("Count", error.Text("count")), ("First seen", error.Text("first_seen")), ("Last seen", error.Text("last_seen")),
            ("Services", Joined(error, "services")), ("Releases", Joined(error, "releases")), ("Task", error.Text("task_id")),
        };
        if (shown.TryGetProperty("triage", out var triage) && triage.ValueKind == JsonValueKind.Object) facts.AddRange(TriageFacts.Of(triage));
        terminal.Facts(facts);
        var members = shown.Items("members").ToList();
        if (members.Count > 1)
        {
            terminal.Say("");
            terminal.Table(["Counted to it", "Count", "Why"], members.Select(m => new[] { m.Text("fingerprint"), m.Text("count"), m.Text("reason") }));
        }
        if (shown.Items("samples").FirstOrDefault() is not { ValueKind: JsonValueKind.Object } sample) return;
        terminal.Say("");
        terminal.Say($"{sample.Text("at")}:");
        terminal.Say(sample.Text("text"));
    }

    static void Rates(Terminal terminal, JsonElement occurrences)
    {
        var hours = occurrences.Items("counts").TakeLast(24).Select(c => (At: c.GetProperty("at").GetDateTimeOffset(), Count: c.GetProperty("count").GetInt64())).ToList();
        if (hours.Count == 0) return;
        var most = hours.Max(h => h.Count);
        terminal.Say("");
        foreach (var (at, count) in hours)
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"  {at.UtcDateTime:MM-dd HH}:00  {new string('█', (int)Math.Max(1, 40 * count / most)),-40}  {count}"));
    }

    public static DocumentedCommand Mute(CommandFrame frame)
    {
        var (fingerprint, reason) = (Fingerprint(), Reason());
        var until = new Option<DateTimeOffset?>("--until") { Description = "A date and time, such as 2026-03-01T09:00Z; else until it is unmuted.", HelpName = "TIME" };
        var release = new Option<string?>("--until-release") { Description = "Until this release has it.", HelpName = "RELEASE" };
        var off = new Option<bool>("--off") { Description = "Tell of it again." };
        reason.Required = false;
        var command = Change(frame, "mute", "Count an error and tell of it no more.", "engine logs mute m1-0123 --reason \"known, ticket 17\" --until 2026-12-01T00:00Z\nengine logs mute m1-0123 --off", fingerprint, (parse, path) => parse.GetValue(off)
            ? (HttpMethod.Delete, $"{path}/mute", null)
            : (HttpMethod.Post, $"{path}/mute", new JsonObject { ["reason"] = parse.GetValue(reason), ["until"] = parse.GetValue(until), ["until_release"] = parse.GetValue(release) }));
        command.Validators.Add(result =>
        {
            if (result.GetResult(off) is null == result.GetResult(reason) is null) result.AddError("Give either --reason or --off.");
        });
        foreach (var option in new Option[] { reason, until, release, off }) command.Add(option);
        return command;
    }

    public static DocumentedCommand Resolve(CommandFrame frame)
    {
        var fingerprint = Fingerprint();
        var release = new Option<string?>("--release") { Description = "In which it is gone; else everywhere, from now on.", HelpName = "RELEASE" };
        var command = Change(frame, "resolve", "Take an error for gone: when it comes again, that is a regression.", "engine logs resolve m1-0123 --release 1.4.2", fingerprint,
            (parse, path) => (HttpMethod.Post, $"{path}/resolve", new JsonObject { ["release"] = parse.GetValue(release) }));
        command.Add(release);
        return command;
    }

    public static DocumentedCommand Merge(CommandFrame frame)
    {
        var (fingerprint, reason) = (Fingerprint(), Reason());
        var into = new Argument<string>("into") { Description = "The error that both are." };
        var command = Change(frame, "merge", "Count an error to another one, until it is split off again.", "engine logs merge m1-0123 m1-4567 --reason \"the same cause\"", fingerprint,
            (parse, path) => (HttpMethod.Post, $"{path}/merge", new JsonObject { ["into"] = parse.GetRequiredValue(into), ["reason"] = parse.GetRequiredValue(reason) }));
        command.Add(into);
        command.Add(reason);
        return command;
    }

    public static DocumentedCommand Split(CommandFrame frame)
    {
        var (fingerprint, reason) = (Fingerprint(), Reason());
        var command = Change(frame, "split", "Take a fingerprint out of the error that it was counted to.", "engine logs split m1-0123 --reason \"another cause\"", fingerprint,
            (parse, path) => (HttpMethod.Post, $"{path}/split", new JsonObject { ["reason"] = parse.GetRequiredValue(reason) }));
        command.Add(reason);
        return command;
    }

    static DocumentedCommand Change(CommandFrame frame, string name, string description, string example, Argument<string> fingerprint, Func<ParseResult, string, (HttpMethod Method, string Path, JsonObject? Body)> request)
    {
        var command = new DocumentedCommand(name, description, example) { fingerprint, frame.Url, frame.TokenFile };
        return command.Runs(async (parse, ct) =>
        {
            using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
            var (method, path, body) = request(parse, Path(parse.GetRequiredValue(fingerprint)));
            await client.SendAsync(method, path, body, ct);
            frame.Terminal.Note("Done.");
            return ExitCode.Done;
        });
    }

    static string State(JsonElement error) => error.Text("state") switch
    {
        "muted" when error.Text("muted_until") is { Length: > 0 } until => $"muted until {until}",
        "resolved" => $"resolved at {error.Text("resolved_at")} by {error.Text("resolved_by")}",
        var state => state,
    };

    static string Joined(JsonElement of, string name) => string.Join(", ", of.Items(name).Select(i => i.GetString()));
}
