using Chaos.Kinds;

namespace EndToEnd.Tasks;

/// <summary>Rows of the fault matrix that are about the database: 6, 8 and 31.</summary>
public sealed class DatabaseFaultTests
{
    [Fact]
    public async Task Sessions_that_are_ended_five_times_a_second_lose_nothing_and_end_no_process()
    {
        await using var field = await FaultField.StartAsync();
        var workers = new[] { await field.StartWorkerAsync(ChaosKinds.Lease), await field.StartWorkerAsync(ChaosKinds.Lease) };
        var tasks = await field.FileAsync(ChaosKinds.Effect, 60, ms: 200);
        var more = await field.FileAsync(ChaosKinds.Quick, 2000, ms: 5);

        for (var round = 0; round < 40; round++)
        {
            await field.ExecuteAsync("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('engine', 'engine_owner') and pid <> pg_backend_pid()");
            await Task.Delay(200);
        }

        await field.EndedAsync([.. tasks, .. more], TimeSpan.FromSeconds(30));
        Assert.All(workers, w => Assert.True(w.IsRunning));
        await field.InvariantsHoldAsync();
    }
}
