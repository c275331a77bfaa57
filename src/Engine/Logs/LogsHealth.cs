using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engine.Logs;

/// <summary>Whether every log source is read in full. Never a reason to stop serving.</summary>
public sealed class LogsHealth(ListSources list, TimeProvider time) : IHealthCheck
{
    static readonly TimeSpan Unread = TimeSpan.FromMinutes(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var read = (await list.RunAsync(cancellationToken)).Where(s => s.IsEnabled && s.Kind is not ("otlp" or "stdin")).ToList();
        var problems = read.Where(s => s.State.Problem is not null).Select(s => $"{s.Name}: {s.State.Problem}")
            .Concat(read.Where(s => s.State.Problem is null && now - s.ChangedAt > Unread && !(s.State.LeaseUntil > now - Unread)).Select(s => $"{s.Name} is read by no engine")).ToList();
        return problems.Count > 0 ? HealthCheckResult.Degraded(string.Join("; ", problems)) : HealthCheckResult.Healthy(FormattableString.Invariant($"{read.Count} sources are read"));
    }
}
