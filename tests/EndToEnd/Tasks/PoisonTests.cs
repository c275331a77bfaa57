using Chaos.Driving;
using Chaos.Kinds;
using Chaos.Recorded;
using Support;

namespace EndToEnd.Tasks;

/// <summary>Tasks that harm whoever runs them: rows 21 and 22 of the fault matrix.</summary>
public sealed class PoisonTests(SharedField shared) : IClassFixture<SharedField>, IAsyncLifetime
{
    readonly FaultField field = shared.Field;
    Fleet fleet = null!;

    public Task InitializeAsync()
    {
        fleet = new Fleet([field.Worker(ChaosKinds.Lease), field.Worker(ChaosKinds.Lease)], new Disturbance(), _ => { });
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => fleet.DisposeAsync().AsTask();

    [Fact]
    public async Task A_task_that_kills_its_workers_is_given_up_after_three_deaths_and_the_others_go_on()
    {
        var poisons = new[] { "exit", "stack_overflow" }.Select(way => field.FileAsync(ChaosKinds.Poison, ms: 200, times: 99, way: way)).ToArray();
        var poisonIds = (await Task.WhenAll(poisons)).SelectMany(p => p).ToArray();
        var others = await field.FileAsync(ChaosKinds.Effect, 20, ms: 300);

        await field.EndedAsync([.. poisonIds, .. others], TimeSpan.FromSeconds(90));

        Assert.Equal(poisonIds.Length, await field.CountAsync("task_attempts where final_state = 'dead' and fault = 'worker_lost' and error like '3 workers died%' and task_id = any(@ids)", poisonIds));
        Assert.All(poisonIds, p => Assert.Equal(3, field.EventsOf(p, WorldEventKind.Started).Count));
        Assert.All(poisonIds, p => Assert.InRange(field.EventsOf(p, WorldEventKind.Started).Select(e => e.ProcessId).Distinct().Count(), 2, 3));
        Assert.Equal(others.Count, await field.CountAsync("task_attempts where final_state = 'succeeded' and task_id = any(@ids)", others));
        await field.InvariantsHoldAsync();
    }

    [Fact]
    public async Task Payloads_that_no_handler_can_read_are_put_aside_once_with_the_reason()
    {
        string[] payloads = ["""'{"tag": "f", "ms": "soon"}'""", """'{"tag": "f", "ms": 1, "ms_more": 2}'""", "jsonb_build_object('tag', repeat('x', 50000000), 'ms_more', 1)"];
        await field.ExecuteAsync("update task_engine set mode = 'paused', changed_at = clock_timestamp()");
        var tasks = await field.FileAsync(ChaosKinds.Flaky, payloads.Length);
        var tag = await field.ScalarAsync<string>("select payload ->> 'tag' from tasks where task_id = any(@ids) limit 1", new { ids = tasks.ToArray() });
        for (var i = 0; i < payloads.Length; i++)
            await field.ExecuteAsync($"update tasks set payload = {payloads[i]} where task_id = @id", new { id = tasks[i] });
        await field.ExecuteAsync("update task_engine set mode = 'running', changed_at = clock_timestamp()");

        await Eventually.TrueAsync(async () => await field.CountAsync("task_parked where reason like '%ms%' and task_id = any(@ids)", tasks) == tasks.Count, TimeSpan.FromSeconds(40), "all are put aside");

        Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where outcome = 'blocked' and fault = 'persistent' and task_id = any(@ids)", tasks));
        Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where task_id = any(@ids)", tasks));
        Assert.Equal(2, fleet.Starts);
        await field.ExecuteAsync("update tasks set payload = jsonb_build_object('tag', @tag::text) where task_id = any(@ids)", new { tag, ids = tasks.ToArray() });
    }
}
