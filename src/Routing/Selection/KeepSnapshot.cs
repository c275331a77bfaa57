using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>
/// Keeps what decisions are made from fresh: puts a new snapshot in the place of the last every second, and when <see cref="Wake"/> is called.
/// A part that cannot be read stays as it was last read: decisions go on while the database is away.
/// </summary>
public sealed class KeepSnapshot(ReadPolicies policies, SnapshotSources sources, TimeProvider time, ILogger<KeepSnapshot> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    readonly HashSet<string> stale = [];
    readonly SemaphoreSlim one = new(1, 1);
    readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile RoutingSnapshot current = new(default, PolicySet.Empty, []);
    long? revision;

    /// <summary>Empty until <see cref="First"/> is done.</summary>
    public RoutingSnapshot Current => current;

    /// <summary>Is done when all parts have been read once.</summary>
    public Task First => first.Task;

    /// <summary>Something was changed in this process: look now.</summary>
    public void Wake() => woken.TrySetResult();

    /// <summary>Reads what has changed; when this returns, decisions go by it.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            var old = current;
            var set = await ReadAsync("policies", old.Policies, PoliciesAsync, ct);
            var models = await ReadAsync("the catalog", old.Models, sources.Models, ct);
            var standing = await ReadAsync("what stands still", old.Standing, sources.Standing, ct);
            var records = await ReadAsync("what was seen of models", old.Records, sources.Records, ct);
            var ranks = await ReadAsync("the learned order", old.Ranks, sources.Ranks, ct);
            var budgets = await ReadAsync("budgets", old.Budgets, sources.Budgets, ct);
            var fresh = new RoutingSnapshot(time.GetUtcNow(), set, models) { Standing = standing, Records = records, Ranks = ranks, ExploredShare = sources.ExploredShare, Budgets = budgets };
            SnapshotIndex.Of(fresh); // here, and not at the first decision
            current = fresh;
            if (stale.Count == 0 && first.TrySetResult()) log.Fresh(set.ByName.Count, models.Count);
        }
        finally
        {
            one.Release();
        }
    }

    public override void Dispose()
    {
        one.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for the first snapshot
        while (!stoppingToken.IsCancellationRequested)
        {
            // Made before the pass: what changes while it runs may have come too late for it.
            var wake = woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await wake.Task.WaitAsync(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task<PolicySet> PoliciesAsync(CancellationToken ct)
    {
        if (revision is not null && await policies.RevisionAsync(ct) == revision) return current.Policies;
        var read = await policies.RunAsync(ct);
        foreach (var policy in read.Unreadable) log.Unreadable(policy.Name, policy.Version, policy.Problem);
        revision = read.Revision;
        return read.Set;
    }

    async Task<T> ReadAsync<T>(string part, T last, Func<CancellationToken, Task<T>> read, CancellationToken ct)
    {
        try
        {
            var fresh = await read(ct);
            if (stale.Remove(part)) log.FreshAgain(part);
            return fresh;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            if (stale.Add(part)) log.Stale(part, e.Message); // once is enough, however long it lasts
            return last;
        }
    }
}
