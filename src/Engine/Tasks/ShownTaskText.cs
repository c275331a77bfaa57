using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Tasks;

/// <summary>A task in words, for people.</summary>
static class ShownTaskText
{
    static readonly (string Name, string Member)[] Facts =
    [
        ("Id", "task_id"), ("Kind", "kind"), ("State", "state"), ("Priority", "priority"), ("Since", "since"), ("Reason", "reason"), ("Gate", "gate"), ("Due", "due_at"),
        ("Worker", "worker_id"), ("Attempt", "epoch"), ("Failures", "failures"), ("Lost workers", "losses"), ("Filed", "filed_at"), ("By", "filed_by"), ("Deadline", "deadline_at"),
        ("Dedup key", "dedup_key"), ("Concurrency key", "concurrency_key"), ("Origin", "origin_id"),
    ];

    public static void Tell(Terminal terminal, JsonElement shown)
    {
        var task = shown.TryGetProperty("task", out var inner) ? inner : default;
        terminal.Facts(
        [
            .. Facts.Select(f => (f.Name, Value: task.Text(f.Member))).Where(f => f.Value != "–"),
            .. task.Items("requires").Any() ? [("Requires", string.Join(", ", task.Items("requires").Select(r => r.Text())))] : Array.Empty<(string, string)>(),
            .. task.Text("dry_run") == "yes" ? [("Dry run", "yes: side effects are described, not done")] : Array.Empty<(string, string)>(),
            ("Payload", shown.Text("payload")), ("Result", shown.Text("result")),
        ]);
        Table(terminal, shown, "depends_on", ["Depends on", "Settled"], p => [p.Text("task_id"), p.Text("settled")]);
        Table(terminal, shown, "gates", ["Gate", "Attempt", "Opened", "Decision", "By", "When", "Detail"],
            g => [g.Text("gate"), g.Text("epoch"), g.Text("opened_at"), g.Text("decision"), g.Text("decided_by"), g.Text("decided_at"), g.Text("detail")]);
        Table(terminal, shown, "attempts", ["Attempt", "Worker", "Claimed", "Ended", "Outcome", "Fault", "Error"],
            a => [a.Text("epoch"), a.Text("worker_id"), a.Text("claimed_at"), a.Text("ended_at"), a.Text("outcome"), a.Text("fault"), a.Text("error")]);
    }

    /// <summary>When an event was, to the millisecond: much can happen in a second.</summary>
    public static string When(JsonElement e) => e.TryGetProperty("at", out var at) && at.TryGetDateTimeOffset(out var time)
        ? time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : e.Text("at");

    /// <summary>What an event has to say besides its name; empty when that is all.</summary>
    public static string Detail(JsonElement e) => e.Text("detail") is "{}" or "–" ? "" : e.Text("detail");

    /// <summary>The error where there is one, else all of the detail.</summary>
    public static string Brief(JsonElement e) => e.TryGetProperty("detail", out var detail) && detail.Text("error") is not "–" and var error ? error : Detail(e);

    static void Table(Terminal terminal, JsonElement shown, string member, string[] columns, Func<JsonElement, string[]> row)
    {
        var rows = shown.Items(member).Select(row).ToArray();
        if (rows.Length == 0) return;
        terminal.Say("");
        terminal.Table(columns, rows);
    }
}
