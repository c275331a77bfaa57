using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Workers;

/// <summary><c>engine workers</c>: who does the tasks.</summary>
static class WorkersCommand
{
    public static Command Create(CommandFrame frame) => new("workers", "Workers: who does the tasks; each is one start of one engine.") { List(frame), Drain(frame), Resume(frame) };

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

    static DocumentedCommand Drain(CommandFrame frame) => Tell(frame, "drain",
        "Let a worker take nothing new; what it runs goes on. `engine workers resume` undoes it; a restart of its engine is a new worker.",
        drained => $"takes nothing new from its next heartbeat on; it runs {drained.Text("running")} tasks. `engine workers resume {drained.Text("worker_id")}` undoes it.");

    static DocumentedCommand Resume(CommandFrame frame) => Tell(frame, "resume", "Let a worker that was drained take tasks again.", _ => "takes tasks again from its next heartbeat on.");

    static DocumentedCommand Tell(CommandFrame frame, string verb, string description, Func<JsonElement, string> said)
    {
        var worker = new Argument<long>("worker") { Description = "The worker's number, as `engine workers list` shows it." };
        var command = frame.Remote(verb, description, $"engine workers {verb} 17",
            async (client, parse, ct) =>
            {
                var id = parse.GetRequiredValue(worker).ToString(CultureInfo.InvariantCulture);
                var told = (await client.SendAsync(HttpMethod.Post, $"/api/engine/workers/{id}/{verb}", null, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(told);
                else frame.Terminal.Say($"Worker {id} on {told.Text("host")} {said(told)}");
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
