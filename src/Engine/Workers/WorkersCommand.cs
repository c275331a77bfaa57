using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Workers;

/// <summary><c>engine workers</c>: who does the tasks.</summary>
static class WorkersCommand
{
    public static Command Create(CommandFrame frame) => new("workers", "Workers: who does the tasks; each is one start of one engine.") { List(frame), Drain(frame) };

    static DocumentedCommand List(CommandFrame frame)
    {
        var all = new Option<bool>("--all") { Description = "Those that have stopped or were given up too." };
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List the workers, the latest first.", "engine workers list\nengine workers list --all",
            (client, parse, ct) => client.ListAsync(frame, parse, $"/api/engine/workers?alive={(parse.GetValue(all) ? "false" : "true")}", parse.GetValue(limit),
                ["Id", "Host", "Process", "Version", "State", "Health", "Running", "Slots", "Success", "Beat", "Started", "Capabilities", "Kinds"], Row, ct));
        command.Add(all);
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Drain(CommandFrame frame)
    {
        var worker = new Argument<long>("worker") { Description = "The worker's number, as `engine workers list` shows it." };
        var command = frame.Remote("drain", "Let a worker take nothing new; what it runs goes on. A restart of its engine is a new worker.", "engine workers drain 17",
            async (client, parse, ct) =>
            {
                var id = parse.GetRequiredValue(worker).ToString(CultureInfo.InvariantCulture);
                var drained = (await client.SendAsync(HttpMethod.Post, $"/api/engine/workers/{id}/drain", null, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(drained);
                else frame.Terminal.Say($"Worker {id} on {drained.Text("host")} takes nothing new from its next heartbeat on; it runs {drained.Text("running")} tasks.");
                return ExitCode.Done;
            });
        command.Add(worker);
        return command;
    }

    static string[] Row(JsonElement w) =>
    [
        w.Text("worker_id"), w.Text("host"), w.Text("process_id"), w.Text("engine_version"), w.Text("draining") == "yes" ? $"{w.Text("state")}, draining" : w.Text("state"), w.Text("health"),
        w.Text("running"), w.Text("slots"),
        w.TryGetProperty("recent_success", out var success) && success.ValueKind == JsonValueKind.Number ? success.GetDouble().ToString("P0", CultureInfo.InvariantCulture) : "–",
        w.TryGetProperty("beat_age_seconds", out var age) && age.ValueKind == JsonValueKind.Number ? $"{age.GetDouble().ToString("0.0", CultureInfo.InvariantCulture)} s ago" : "–",
        w.Text("started_at"), Join(w, "capabilities"), Join(w, "kinds"),
    ];

    static string Join(JsonElement worker, string member) => worker.Items(member).Select(i => i.Text()).DefaultIfEmpty("–").Aggregate((a, b) => $"{a}, {b}");
}
