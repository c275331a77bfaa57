using System.Text.Json;
using Engine.Hosting.CommandLine;
using Spectre.Console;

namespace Engine.Hosting;

static class StatusCommand
{
    public static DocumentedCommand Create(CommandFrame frame) => frame.Remote(
        "status", "Show whether the engine is ready, and what it runs on; exit code 1 when it is not ready.",
        "engine status\nengine status --json",
        async (client, parse, ct) =>
        {
            var status = (await client.GetAsync("/api/status", ct)).Document;
            var isReady = status.TryGetProperty("ready", out var ready) && ready.ValueKind == JsonValueKind.True;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(status);
            else Tell(frame.Terminal, status, isReady);
            return isReady ? ExitCode.Done : ExitCode.Failed;
        });

    static void Tell(Terminal terminal, JsonElement status, bool isReady)
    {
        terminal.Line(isReady ? "ready" : "not ready", isReady ? Color.Green : Color.Red);
        var (database, clock) = (status.Member("database"), status.Member("clock"));
        terminal.Facts(
        [
            ("Version", status.Text("version")),
            ("Started", status.Text("started_at")),
            ("Database", $"PostgreSQL {database.Text("version")}{(database.Text("embedded") == "yes" ? " (embedded)" : "")}, schema {database.Text("schema_version")}"),
            ("Clock", $"the database's is {Seconds(clock, "skew_seconds")} ahead of the engine's host (± {Seconds(clock, "uncertainty_seconds")}), measured {Seconds(clock, "age_seconds")} ago"),
        ]);
        terminal.Table(["Check", "Status", "Detail"], status.Items("checks").Select(c => new[] { c.Text("name"), c.Text("status"), c.Text("detail") }));
    }

    static string Seconds(JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } value ? $"{value.GetDouble():0.###} s" : "–";

    static JsonElement Member(this JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;
}
