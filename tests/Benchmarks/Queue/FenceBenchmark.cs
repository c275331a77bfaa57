using Dapper;
using Engine.Tasks;
using Engine.Workers;

namespace Benchmarks.Queue;

/// <summary>A worker whose claim was taken over reports success while the new owner runs; then the new owner fails.</summary>
static class FenceBenchmark
{
    public static async Task<int> RunAsync(BenchmarkRun run, QueueDatabase database, CancellationToken ct)
    {
        await using var engine = await QueueEngine.StartAsync(database, QueueEngine.Default, runsTasks: false, ct);
        await engine.FileAsync([new NewTask(NoopTask.Kind, """{"i":1}""")], ct);
        var register = engine.Get<RegisterWorker>();
        var end = engine.Get<EndAttempts>();

        using var stale = await register.RunAsync(former: null, ct);
        var first = await ClaimAsync(engine, stale, ct);
        run.Say("the first owner's lease runs out …");
        await using (var connection = await engine.Database.OpenConnectionAsync(ct))
            await connection.ExecuteAsync("update workers set lease_until = lease_until - interval '1 hour', beat_at = beat_at - interval '1 hour' where worker_id = @WorkerId", new { stale.WorkerId });
        await engine.Get<RescueTasks>().RunAsync(ct);
        using var owner = await register.RunAsync(former: null, ct);
        var second = await ClaimAsync(engine, owner, ct);

        await using var own = await engine.Database.OpenConnectionAsync(ct);
        var refused = await end.RunAsync(own, [new FinishedAttempt(first, TaskResult.Done(), null)], ct);
        await end.RunAsync(own, [new FinishedAttempt(second, TaskResult.Refuse("the new owner failed"), null)], ct);
        var late = await end.RunAsync(own, [new FinishedAttempt(first, TaskResult.Done(), null)], ct);
        var state = await engine.ScalarAsync<string>($"select state from governance_tasks where task_id = '{first.Row.TaskId}'");
        var staleAccepted = refused.Count == 0 || late.Count == 0;
        run.Result(new { what = "fence", stale_accepted = staleAccepted, final_state = state, first_epoch = first.Row.Epoch, second_epoch = second.Row.Epoch });
        return !staleAccepted && state == "failed" && second.Row.Epoch > first.Row.Epoch ? 0 : 1;
    }

    static async Task<ClaimedTask> ClaimAsync(QueueEngine engine, WorkerLease lease, CancellationToken ct)
    {
        await using var exchange = await ExchangeTasks.OpenAsync(engine.Get<Engine.Database.ReservedConnections>(), throughPooler: false, ct);
        var lanes = await engine.Get<TaskLanes>().RefreshAsync(ct);
        var now = engine.Get<TimeProvider>().GetUtcNow();
        var asked = ChooseLanes.Decide(lanes, engine.Get<WorkerParts>().Abilities, new Dictionary<int, long>(), 1, new Dictionary<string, int>(), true, 1, now);
        var row = (await exchange.RunAsync([], new AskedClaim(lease.WorkerId, 0, 1, asked), now, ct)).Claimed.Single();
        return new ClaimedTask(row.Row, NoopTask.Kind, row.PayloadJson, row.Place, row.ReadyAt, now, row.DryRun, row.DeadlineAt, lease);
    }
}
