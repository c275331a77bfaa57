using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Hosting.Health;

/// <summary>What the health checks last said, at most a second old: any number of probes costs one round of checks a second.</summary>
public sealed class HealthSnapshot(HealthCheckService checks, TimeProvider time) : IDisposable
{
    static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1), FreshWhileNotReady = TimeSpan.FromMilliseconds(100);

    readonly SemaphoreSlim gate = new(1, 1);
    volatile Snapshot? last;

    public async Task<Snapshot> GetAsync(CancellationToken ct)
    {
        if (last is { } known && IsFresh(known)) return known;
        await gate.WaitAsync(ct);
        try
        {
            if (last is { } other && IsFresh(other)) return other;
            var report = await checks.CheckHealthAsync(ct);
            return last = new Snapshot(
                report.Status != HealthStatus.Unhealthy,
                [.. report.Entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new CheckResponse(e.Key, Word(e.Value.Status), Detail(e.Value)))],
                time.GetTimestamp());
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    bool IsFresh(Snapshot snapshot) => time.GetElapsedTime(snapshot.Taken) < (snapshot.IsReady ? Fresh : FreshWhileNotReady);

    static CheckStatus Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => CheckStatus.Ok,
        HealthStatus.Degraded => CheckStatus.Degraded,
        _ => CheckStatus.Failed,
    };

    static string Detail(HealthReportEntry entry) => entry.Description ?? entry.Exception?.GetType().Name ?? "";

    /// <param name="Taken">A reading of the monotonic clock.</param>
    public sealed record Snapshot(bool IsReady, IReadOnlyList<CheckResponse> Checks, long Taken);
}

public enum CheckStatus { Ok, Degraded, Failed }

/// <param name="Detail">A sentence for people; holds no secrets, the endpoint is open.</param>
public sealed record CheckResponse(string Name, CheckStatus Status, string Detail);
