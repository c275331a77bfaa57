using Benchmarks.Logs;
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
        new("queue", "the task queue; WHAT=drain, single-enqueue, bulk-enqueue, latency, storm, fence, snapshot, backlog or memory; BENCH_COUNT tasks; --tuned", QueueBenchmark.RunAsync),
        new("routing", "models and money; WHAT=select, call (what the engine adds to one), hold (and settle, in process), overspend (budgets against processes that are killed) or exact (the ledger against the bill); all by default", RoutingBenchmark.RunAsync),
        new("queue-limit", "the same moves by bare SQL in batches: the physical limit", QueueLimitBenchmark.RunAsync),
        new("logs", "the log crawler without its database; WHAT=score (real lines), traces, assembly (multi-line events), speed or memory, several with commas; all by default", LogsBenchmark.RunAsync),
        new("routing-health", "what a call costs in memory: asking whether it may be made, telling how it went, counting it", HealthBenchmark.RunAsync),
        new("routing-learning", "the learner over public tables of outcomes, one task at a time, against the best single model in hindsight; how many orders to try", LearningBenchmark.RunAsync),
    ];
}
