using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Spectre.Console;

namespace Engine.Hosting;

static class StatusCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var ready = new Option<bool>("--ready") { Description = "Ask only whether it is ready, without a token; for health checks." };
        var command = new DocumentedCommand("status", "Show whether the engine is ready, and what it runs on; exit code 1 when it is not ready.",
            "engine status\nengine status --json\nengine status --ready --url http://127.0.0.1:7410")
        {
            ready, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs((parse, ct) => parse.GetValue(ready) ? AskReadyAsync(frame, parse, ct) : ShowAsync(frame, parse, ct));
    }

    static async Task<ExitCode> ShowAsync(CommandFrame frame, ParseResult parse, CancellationToken ct)
    {
        using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
        var status = (await client.GetAsync("/api/status", ct)).Document;
        var isReady = status.TryGetProperty("ready", out var ready) && ready.ValueKind == JsonValueKind.True;
        if (parse.GetValue(frame.Json)) frame.Terminal.Json(status);
        else Tell(frame.Terminal, status, isReady);
        return isReady ? ExitCode.Done : ExitCode.Failed;
    }

    // Whatever answers and does not say "ready" is not ready; only a proxy that misses its engine counts as nobody.
    static async Task<ExitCode> AskReadyAsync(CommandFrame frame, ParseResult parse, CancellationToken ct)
    {
        using var client = frame.ConnectWithoutToken(parse, CommandFrame.AnswerTimeout);
        var reply = await client.AskAsync("/health/ready", ct);
        if (ExitCodes.Of(reply.Status) == ExitCode.Unreachable)
            throw new CommandException(ExitCode.Unreachable, $"A proxy answers {(int)reply.Status}: no engine answers behind it.");
        var answer = reply.Body ?? default;
        var isReady = reply.Status == HttpStatusCode.OK && answer.Text("status") == "ready";
        if (!parse.GetValue(frame.Json))
        {
            frame.Terminal.Line(isReady ? "ready" : "not ready", isReady ? Color.Green : Color.Red);
            if (!isReady) Checks(frame.Terminal, answer);
        }
        else if (reply.Body is { } body) frame.Terminal.Json(body);
        return isReady ? ExitCode.Done : ExitCode.Failed;
    }

    static void Tell(Terminal terminal, JsonElement status, bool isReady)
    {
        terminal.Line(isReady ? "ready" : "not ready", isReady ? Color.Green : Color.Red);
        var (database, clock) = (status.Member("database"), status.Member("clock"));
        terminal.Facts(
        [
            ("Version", status.Text("version")),
            ("Started", status.Text("started_at")),
            ("Tasks", Mode(status.Text("mode"))),
            ("Database", $"PostgreSQL {database.Text("version")}{(database.Text("embedded") == "yes" ? " (embedded)" : "")}, schema {database.Text("schema_version")}"),
            ("Clock", $"the database's is {Seconds(clock, "skew_seconds")} ahead of the engine's host (± {Seconds(clock, "uncertainty_seconds")}), measured {Seconds(clock, "age_seconds")} ago"),
        ]);
        Checks(terminal, status);
    }

    static string Mode(string mode) => mode switch
    {
        "running" => "taken by all engines of this database",
        "paused" => "paused: no engine of this database begins one; `engine resume` lets them",
        "stopped" => "stopped: no engine of this database runs one; `engine resume` lets them",
        _ => mode,
    };

    static void Checks(Terminal terminal, JsonElement answer) =>
        terminal.Table(["Check", "Status", "Detail"], answer.Items("checks").Select(c => new[] { c.Text("name"), c.Text("status"), c.Text("detail") }));

    static string Seconds(JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value.GetDouble(), 3) + 0.0:0.###} s") : "–"; // + 0.0 turns -0 into 0

    static JsonElement Member(this JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;
}
