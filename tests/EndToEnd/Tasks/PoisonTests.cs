using Chaos.Driving;
using Chaos.Kinds;
using Chaos.Recorded;

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

    [Theory]
    [InlineData("""'{"tag": "f", "ms": "soon"}'""", "ms")]
    [InlineData("""'{"tag": "f", "ms": 1, "colour": "red"}'""", "colour")]
    [InlineData("""jsonb_build_object('tag', 'f', 'ms', 1, 'way', repeat('x', 50000000), 'colour', 1)""", "colour")]
    public async Task A_payload_that_no_handler_can_read_is_put_aside_once_with_the_reason(string payload, string mentions)
    {
        await field.ExecuteAsync("update task_engine set mode = 'paused', changed_at = clock_timestamp()");
        var task = await field.FileAsync(ChaosKinds.Quick);
        await field.ExecuteAsync($"update tasks set payload = {payload} where task_id = any(@ids)", new { ids = task.ToArray() });
        await field.ExecuteAsync("update task_engine set mode = 'running', changed_at = clock_timestamp()");

        await Support.Eventually.TrueAsync(async () => await field.CountAsync("task_parked where task_id = any(@ids)", task) == 1, TimeSpan.FromSeconds(30), "it is put aside");

        Assert.Contains(mentions, await field.ScalarAsync<string>("select reason from task_parked where task_id = any(@ids)", new { ids = task.ToArray() }), StringComparison.Ordinal);
        Assert.Equal(1, await field.CountAsync("task_attempts where outcome = 'blocked' and fault = 'persistent' and task_id = any(@ids)", task));
        Assert.Equal(2, fleet.Starts);
    }
}
