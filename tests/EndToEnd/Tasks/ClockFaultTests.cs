using Chaos.Kinds;
using Support;

namespace EndToEnd.Tasks;

/// <summary>A worker whose wall clock is wrong, and jumps: row 13 of the fault matrix.</summary>
public sealed class ClockFaultTests(SharedField shared) : IClassFixture<SharedField>
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    readonly FaultField field = shared.Field;

    [FactNeeding("faketime")]
    public async Task A_wall_clock_that_jumps_an_hour_either_way_moves_no_lease_no_stored_time_and_no_due_task()
    {
        var false1 = field.Worker(ChaosKinds.Lease);
        Assert.True(false1.FakeClock());
        await field.StartAsync(false1);
        var workerId = await field.WorkerIdAsync(false1);
        foreach (var hours in new[] { 1, -1 })
        {
            var running = await field.FileAsync(ChaosKinds.Slow, 2, ms: 2000);
            await field.BegunAsync(running, Soon);
            false1.SkewClock(TimeSpan.FromHours(hours));
            var acting = await field.FileAsync(ChaosKinds.Effect, 4, ms: 100);
            var due = await field.FileAsync(ChaosKinds.Quick, with: t => t with { DueAt = field.Parts.Time.GetUtcNow().AddSeconds(3) });
            await field.EndedAsync([.. running, .. acting, .. due], Soon);

            Assert.Equal(7, await field.CountAsync("""
                task_attempts a join tasks t using (task_id)
                where epoch = 1 and outcome = 'succeeded' and abs(extract(epoch from clock_timestamp() - ended_at)) < 30 and claimed_at between t.filed_at - interval '1 second' and ended_at
                    and a.task_id = any(@ids)
                """, [.. running, .. acting, .. due]));
            Assert.Equal(1, await field.CountAsync("task_attempts a join tasks t using (task_id) where claimed_at - filed_at between interval '2.5 seconds' and interval '8 seconds' and a.task_id = any(@ids)", due));
        }

        Assert.Equal(workerId, await field.WorkerIdAsync(false1));
        await field.InvariantsHoldAsync();
    }
}
