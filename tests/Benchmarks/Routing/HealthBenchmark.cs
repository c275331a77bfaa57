using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;

namespace Benchmarks.Routing;

/// <summary>What asking and telling cost a call in memory: whether it may be made, how it went, and counting it. No database is touched.</summary>
static class HealthBenchmark
{
    const int Calls = 2_000_000, Models = 50, Rounds = 5;

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        if (run.Arguments.Count > 0)
        {
            run.Say($"routing-health takes no options, got {string.Join(' ', run.Arguments)}");
            return 2;
        }
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Database=none");
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new PerformanceMetrics(services.GetRequiredService<IMeterFactory>());
        var settings = new BreakerSettings();
        var health = new RouteHealth(new Breakers(nowhere, TimeProvider.System, settings), settings, TimeProvider.System, metrics, NullLogger<RouteHealth>.Instance);
        using var record = new RecordPerformance(nowhere, TimeProvider.System, metrics);
        var models = Enumerable.Range(0, Models).Select(i => $"vendor/model-{i}").ToArray();
        var end = new CallEnd("succeeded", 0.0001m, false, new TokenUsage(1000, 100), TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300));
        var now = TimeProvider.System.GetUtcNow();

        Measure(run, "may_call", i => health.MayCall("openrouter", models[i % Models]), ct);
        Measure(run, "ended", i => health.Ended("openrouter", models[i % Models], "succeeded", null, end.Latency), ct);
        Measure(run, "add", i => record.Add("openrouter", models[i % Models], "normal", now, end), ct);
        health.ProviderOut("other", "authentication");
        Measure(run, "may_call_while_another_provider_is_out", i => health.MayCall("openrouter", models[i % Models]), ct);
        return health.MayCall("openrouter", models[0]) && !health.MayCall("other", models[0]) ? 0 : 1;
    }

    static void Measure(BenchmarkRun run, string what, Action<int> act, CancellationToken ct)
    {
        var nanoseconds = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Calls / Rounds; i++) act(i);
            nanoseconds.Add(Stopwatch.GetElapsedTime(started).TotalNanoseconds / (Calls / Rounds));
        }
        var median = nanoseconds.Order().ElementAt(Rounds / 2);
        run.Result(new { what, nanoseconds = Math.Round(median, 1), per_second = Math.Round(1e9 / median) });
    }
}
