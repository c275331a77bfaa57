using Chaos.Kinds;

namespace EndToEnd.Tasks;

/// <summary>A primary that is lost, and engines that are led to a standby: rows 9 and 10 of the fault matrix, with confirmed commits.</summary>
public sealed class FailoverTests
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task Engines_wait_on_a_standby_and_go_on_with_higher_epochs_once_it_is_the_primary()
    {
        await using var field = await FaultField.StartAsync();
        await using var standby = await field.Cluster.StartStandbyAsync();
        var workers = new[] { field.Worker(ChaosKinds.Lease), field.Worker(ChaosKinds.Lease) };
        await Task.WhenAll(workers.Select(field.StartAsync));
        var before = await field.FileAsync(ChaosKinds.Effect, 8, ms: 50);
        await field.EndedAsync(before, Soon);
        var during = await field.FileAsync(ChaosKinds.Effect, 40, ms: 1000);
        await field.BegunAsync([during[0]], Soon);

        await field.Cluster.CrashAsync(CancellationToken.None);
        field.LeadTo(standby.Port); // as a stale name does, before anybody has promoted it
        var written = workers.Sum(w => w.Log.Length);
        await Task.Delay(TimeSpan.FromSeconds(4)); // real time: what they do on a server that takes no writes
        Assert.All(workers, w => Assert.True(w.IsRunning, w.LogEnd()));
        Assert.InRange(workers.Sum(w => w.Log.Length) - written, 0, 200_000);
        await standby.PromoteAsync();
        var after = await field.FileAsync(ChaosKinds.Effect, 8, ms: 50);
        await field.EndedAsync([.. during, .. after], Soon);

        Assert.All(workers, w => Assert.Equal(1, w.Starts));
        Assert.Equal(after.Count, await field.CountAsync("task_attempts where epoch >= 4294967296 and task_id = any(@ids)", after));
        Assert.Equal(before.Count, await field.CountAsync("task_attempts where epoch = 1 and outcome = 'succeeded' and task_id = any(@ids)", before));
        await field.InvariantsHoldAsync();
    }
}
