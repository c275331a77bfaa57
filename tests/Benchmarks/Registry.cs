using Benchmarks.Queue;
using Benchmarks.Routing;

namespace Benchmarks;

/// <param name="Name">What follows <c>ops/bench</c>.</param>
/// <param name="Description">One line for the list of benchmarks.</param>
/// <param name="RunAsync">Measures; returns the exit code: 0 when the figures are right, 1 when its own check of them failed.</param>
public sealed record Benchmark(string Name, string Description, Func<BenchmarkRun, CancellationToken, Task<int>> RunAsync);

/// <summary>Every benchmark that <c>ops/bench</c> knows.</summary>
static class Registry
{
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("host", "start to ready, memory and processor at rest, requests a second of a trivial authenticated GET", HostBenchmark.RunAsync),
        new("queue", "the task queue; WHAT=drain, single-enqueue, bulk-enqueue, latency, fence, snapshot, backlog or memory; BENCH_COUNT tasks; --tuned", QueueBenchmark.RunAsync),
        new("routing", "choosing models and calling them; WHAT=call", RoutingBenchmark.RunAsync),
        new("queue-limit", "the same moves by bare SQL in batches: the physical limit", QueueLimitBenchmark.RunAsync),
    ];
}
