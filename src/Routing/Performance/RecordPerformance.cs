using Npgsql;
using Routing.Calls;

namespace Routing.Performance;

/// <summary>
/// Counts how calls went, in memory at once and in the windows of <c>model_performance</c> with the next flush. A batch that
/// could not be written, or whose answer was lost, is written again under the same number and counts once. What a killed process had not
/// flushed, a second's worth, is missing until <see cref="RebuildPerformance"/> counts the window from the ledger.
/// </summary>
public sealed class RecordPerformance(NpgsqlDataSource database, TimeProvider time, PerformanceMetrics metrics) : IDisposable
{
    readonly Guid writerId = Guid.CreateVersion7(time.GetUtcNow());
    readonly Lock gate = new();
    readonly SemaphoreSlim flushing = new(1);

    Dictionary<WindowKey, CallSums> current = [];
    Dictionary<WindowKey, CallSums>? unwritten; // the batch that is being written, or could not be
    long batch;

    /// <param name="requestedAt">Of the call: it counts in the windows in which it was asked for.</param>
    public void Add(string provider, string model, string policy, DateTimeOffset requestedAt, CallEnd end)
    {
        metrics.Ended(provider, model, end);
        lock (gate) SumsOf(provider, model, policy, requestedAt).Add(end);
    }

    /// <summary>The cost of a call that was added before is known now and differs.</summary>
    public void AddCost(string provider, string model, string policy, DateTimeOffset requestedAt, decimal deltaUsd)
    {
        lock (gate) SumsOf(provider, model, policy, requestedAt).AddCost(deltaUsd);
    }

    /// <summary>When it returns, what was added before the call is in the table.</summary>
    /// <returns>How many rows were written to.</returns>
    /// <exception cref="NpgsqlException">They could not be written; they are kept for the next time.</exception>
    public async Task<int> FlushAsync(CancellationToken ct)
    {
        await flushing.WaitAsync(ct);
        try
        {
            var rows = unwritten is null ? 0 : await WriteAsync(ct); // from a flush that failed: it comes first, under its own number
            lock (gate)
            {
                if (current.Count == 0) return rows;
                (unwritten, current) = (InAllWindows(current), []);
                batch++;
            }
            return rows + await WriteAsync(ct);
        }
        finally
        {
            flushing.Release();
        }
    }

    public void Dispose() => flushing.Dispose();

    async Task<int> WriteAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await WritePerformance.RunAsync(connection, writerId, batch, time.GetUtcNow(), unwritten!, ct);
        var rows = unwritten!.Count;
        unwritten = null;
        return rows;
    }

    CallSums SumsOf(string provider, string model, string policy, DateTimeOffset requestedAt)
    {
        var key = new WindowKey(PerformanceWindow.FiveMinutes, PerformanceWindow.Start(PerformanceWindow.FiveMinutes, requestedAt), provider, model, policy);
        if (!current.TryGetValue(key, out var sums)) current[key] = sums = new CallSums();
        return sums;
    }

    static Dictionary<WindowKey, CallSums> InAllWindows(Dictionary<WindowKey, CallSums> fiveMinutes)
    {
        var all = new Dictionary<WindowKey, CallSums>();
        foreach (var (key, sums) in fiveMinutes)
            foreach (var kind in PerformanceWindow.Kinds)
            {
                var wider = new WindowKey(kind, PerformanceWindow.Start(kind, key.Start), Storable(key.Provider, 200), Storable(key.Model, 300), Storable(key.Policy, 200));
                if (!all.TryGetValue(wider, out var total)) all[wider] = total = new CallSums();
                total.Add(sums);
            }
        return all;
    }

    /// <summary>One name that the table refuses would keep all others from being written.</summary>
    static string Storable(string name, int most)
    {
        var stored = name.Length == 0 ? "none" : name.Replace('\0', '?');
        return stored.Length <= most ? stored : stored[..most];
    }
}
