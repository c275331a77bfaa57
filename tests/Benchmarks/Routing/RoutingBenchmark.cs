namespace Benchmarks.Routing;

/// <summary>The parts of <c>ops/bench routing</c>: all of them, or the one that <c>WHAT</c> names.</summary>
static class RoutingBenchmark
{
    static readonly (string Name, Func<BenchmarkRun, CancellationToken, Task<int>> RunAsync)[] Parts =
    [
        ("select", SelectBenchmark.RunAsync),
        ("hold", HoldBenchmark.RunAsync),
        ("overspend", OverspendBenchmark.RunAsync),
        ("call", CallBenchmark.RunAsync),
        ("exact", ExactBenchmark.RunAsync),
    ];

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var what = Environment.GetEnvironmentVariable("WHAT") is { Length: > 0 } named ? named : null;
        var parts = Parts.Where(p => what is null || p.Name == what).ToArray();
        if (run.Arguments.Count > 0 || parts.Length == 0)
        {
            run.Say($"routing takes no options, and WHAT is one of {string.Join(", ", Parts.Select(p => p.Name))}.");
            return 2;
        }
        var worst = 0;
        foreach (var part in parts) worst = Math.Max(worst, await part.RunAsync(run, ct));
        return worst;
    }
}
