using Engine.Tasks;

namespace Engine.Workers;

/// <summary>How much a worker may claim now, besides what it has room for: rate limits, and kinds that stand still.</summary>
public sealed class ClaimLimits(TaskKinds kinds, TasksSettings settings, TakeStarts take, ReturnStarts giveBack, Breakers breakers, TimeProvider time)
{
    readonly Dictionary<string, double> rates = Rates(kinds, settings);
    readonly Dictionary<string, (TakenStarts Taken, int Unused)> starts = new(StringComparer.Ordinal); // of the claim that is being made
    readonly Dictionary<string, Probe> probing = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> failures = new(StringComparer.Ordinal); // kind → probes that failed in a row
    volatile IReadOnlyList<StandingKind> standing = [];
    bool isDefined;

    /// <summary>The kinds of which nobody may take more than a probe.</summary>
    public IReadOnlySet<string> Standing => standing.Select(s => s.Kind).ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads which kinds stand still; once a second.</summary>
    public async Task ReadAsync(CancellationToken ct) => standing = await breakers.ReadAsync(ct);

    /// <summary>Before a claim; after it, <see cref="ReturnUnusedAsync"/>.</summary>
    /// <param name="lanes">Of the worker.</param>
    /// <param name="marks">Their low-water marks.</param>
    /// <param name="most">What it has room for.</param>
    public async Task<(int Most, IReadOnlyDictionary<string, int> Kinds)> RunAsync(long workerId, WorkerLease lease, IEnumerable<TaskLane> lanes, IReadOnlyDictionary<int, long> marks, int most, CancellationToken ct)
    {
        var limits = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var still in standing.Where(s => kinds.Find(s.Kind) is not null))
        {
            limits[still.Kind] = 0;
            if (probing.TryGetValue(still.Kind, out var probe) && probe.WorkerId == workerId && probe.TaskId is not null) continue; // its probe runs
            var mayBeTaken = still.State != "open" || still.RetryAt <= time.GetUtcNow();
            if (!mayBeTaken || !await breakers.TakeProbeAsync(still.Kind, workerId, lease.Lease, ct)) continue;
            probing[still.Kind] = new Probe(workerId, null);
            limits[still.Kind] = 1;
        }
        if (rates.Count == 0) return (most, limits);
        if (!isDefined)
            foreach (var (scope, rate) in rates) await take.DefineAsync(scope, rate, ct);
        isDefined = true;
        starts.Clear(); // whether those of a claim that failed were used is not known
        var all = lanes.ToArray();
        foreach (var kind in rates.Keys.Where(k => k != TakeStarts.Everything))
            limits[kind] = await TakeAsync(kind, [.. all.Where(l => l.Kind == kind)], marks, limits.TryGetValue(kind, out var limit) ? Math.Min(limit, most) : most, ct);
        if (rates.ContainsKey(TakeStarts.Everything))
            most = await TakeAsync(TakeStarts.Everything, [.. all.Where(l => limits.GetValueOrDefault(l.Kind, most) > 0)], marks, most, ct);
        return (most, limits);
    }

    /// <summary>What was taken from the rate limits and has started nothing is for others.</summary>
    public async Task ReturnUnusedAsync(CancellationToken ct)
    {
        foreach (var (scope, (taken, unused)) in starts)
        {
            starts.Remove(scope); // once at most, whatever becomes of it
            if (unused > 0) await giveBack.RunAsync(taken, unused, ct);
        }
    }

    /// <summary>Whether it is the one task that a kind's next step depends on.</summary>
    public bool IsProbe(ClaimedTask task) => probing.TryGetValue(task.Kind, out var probe) && probe.TaskId == task.Row.TaskId;

    /// <summary>What was claimed counts against the limits.</summary>
    public void Claimed(string kind, Guid taskId)
    {
        if (probing.TryGetValue(kind, out var probe) && probe.TaskId is null) probing[kind] = probe with { TaskId = taskId };
        foreach (var scope in (ReadOnlySpan<string>)[kind, TakeStarts.Everything])
            if (starts.TryGetValue(scope, out var have)) starts[scope] = (have.Taken, have.Unused - 1);
    }

    /// <summary>An attempt has ended: opens the breaker of a kind that fails too often, and judges probes.</summary>
    /// <param name="outcomes">The kind's last ten on this worker.</param>
    /// <returns>Whether the worker should forget the outcomes: the database has them now.</returns>
    public async Task<bool> EndedAsync(ClaimedTask task, TaskResult result, string outcomes, CancellationToken ct)
    {
        var (kind, workerId) = (task.Kind, task.Lease.WorkerId);
        if (IsProbe(task) && result is not TaskResult.Returned)
        {
            var (isGood, failedProbes) = (result is not TaskResult.Failed, failures.GetValueOrDefault(kind));
            await breakers.EndProbeAsync(kind, workerId, isGood, failedProbes, ct);
            probing.Remove(kind);
            if (!isGood) failures[kind] = failedProbes + 1;
            else failures.Remove(kind);
            await ReadAsync(ct);
            return true;
        }
        if (IsProbe(task)) probing[kind] = new Probe(workerId, null); // it was no probe; another task may be
        if (result is not TaskResult.Failed failed || !Breakers.IsBad(outcomes)) return false;
        await breakers.OpenAsync(kind, outcomes, $"{outcomes.Count(o => o == 'f')} of the last {outcomes.Length} attempts failed, at last: {failed.Reason}", ct);
        await ReadAsync(ct);
        return true;
    }

    async Task<int> TakeAsync(string scope, TaskLane[] lanes, IReadOnlyDictionary<int, long> marks, int want, CancellationToken ct)
    {
        if (want == 0 || lanes.Length == 0 || await take.RunAsync(scope, lanes, marks, want, ct) is not { } taken) return 0;
        starts[scope] = (taken, taken.Starts);
        return taken.Starts;
    }

    static Dictionary<string, double> Rates(TaskKinds kinds, TasksSettings settings)
    {
        var rates = kinds.All.Where(k => k.StartsPerSecond is not null).ToDictionary(k => k.Name, k => k.StartsPerSecond!.Value, StringComparer.Ordinal);
        if (settings.StartsPerSecond > 0) rates[TakeStarts.Everything] = settings.StartsPerSecond;
        return rates;
    }

    /// <summary>A ticket of this process.</summary>
    /// <param name="TaskId">What was claimed with it; null while nothing has been.</param>
    sealed record Probe(long WorkerId, Guid? TaskId);
}
