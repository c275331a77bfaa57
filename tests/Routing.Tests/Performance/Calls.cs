using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;

namespace Routing.Tests.Performance;

/// <summary>Ends of calls, and what they are counted with.</summary>
static class Calls
{
    public static CallEnd Succeeded(double milliseconds = 800, decimal costUsd = 0.001m, double? firstTokenMs = null, TokenUsage? usage = null) => new("succeeded", costUsd, false,
        usage ?? new TokenUsage(100, 20), TimeSpan.FromMilliseconds(milliseconds), firstTokenMs is { } first ? TimeSpan.FromMilliseconds(first) : null);

    public static CallEnd Failed(string kind = "timeout", decimal costUsd = 0) => new("failed", costUsd, false, TokenUsage.None, TimeSpan.FromSeconds(1), ErrorKind: kind);

    public static CallEnd Cancelled() => new("cancelled", 0.0005m, true, TokenUsage.None, TimeSpan.FromSeconds(1));

    public static PerformanceMetrics Metrics() => new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());
}
