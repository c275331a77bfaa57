using System.Diagnostics;
using Routing;
using Routing.Budgets;
using Routing.Catalog;
using Routing.Policies;
using Routing.Selection;

namespace Benchmarks.Routing;

/// <summary>Decisions over a catalog of 400 models, with budgets, records, standing models and requests of all kinds, on one thread.</summary>
static class SelectBenchmark
{
    const int Models = 400, Requests = 1024, WarmUp = 200_000, Measured = 300_000, Rounds = 3;

    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var random = new Random(4);
        var snapshot = Snapshot(random);
        var requests = Enumerable.Range(0, Requests).Select(_ => Request(random)).ToArray();

        run.Say($"{WarmUp} decisions to warm up …");
        for (var i = 0; i < WarmUp; i++) SelectModel.Decide(snapshot, requests[i % Requests]);

        var ticks = new long[Measured];
        int chosen = 0, refused = 0, wrong = 0;
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var (clock, processor) = (Stopwatch.StartNew(), ProcessorTime());
            for (var i = 0; i < Measured; i++) SelectModel.Decide(snapshot, requests[i % Requests]);
            var (seconds, processorSeconds) = (clock.Elapsed.TotalSeconds, (ProcessorTime() - processor).TotalSeconds);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

            for (var i = 0; i < Measured; i++)
            {
                var started = Stopwatch.GetTimestamp();
                var decision = SelectModel.Decide(snapshot, requests[i % Requests]);
                ticks[i] = Stopwatch.GetTimestamp() - started;
                if (decision is RoutingDecision.Chosen taken) (chosen, wrong) = (chosen + 1, wrong + (IsWithinMoney(snapshot, requests[i % Requests], taken) ? 0 : 1));
                else refused++;
            }
            Array.Sort(ticks);
            run.Result(new
            {
                what = "select", models = Models, per_second = Math.Round(Measured / seconds), p50_us = Micros(ticks[Measured / 2]), p99_us = Micros(ticks[Measured * 99 / 100]),
                per_processor_second = Math.Round(Measured / processorSeconds), bytes_per_decision = allocated / Measured, // on a shared machine the first depends on the others
            });
        }
        var built = Stopwatch.GetTimestamp();
        SelectModel.Decide(snapshot with { TakenAt = Now.AddSeconds(1) }, requests[0]);
        run.Result(new { what = "select-first", models = Models, us = Micros(Stopwatch.GetTimestamp() - built), chosen, refused, wrong });
        return Task.FromResult(wrong == 0 && chosen > 0 && refused > 0 ? 0 : 1);
    }

    static TimeSpan ProcessorTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    static double Micros(long ticks) => Math.Round(ticks * 1e6 / Stopwatch.Frequency, 2);

    static bool IsWithinMoney(RoutingSnapshot snapshot, RoutingRequest request, RoutingDecision.Chosen chosen)
    {
        var limit = NanoUsd.Floor(snapshot.Policies.ByName[chosen.Policy].Config.MaxCostPerTaskUsd) - request.SpentByTask;
        var total = snapshot.Budgets.Single(b => b.Scope == "total").Left;
        foreach (var candidate in chosen.Candidates)
            if (candidate.Hold > limit || candidate.Hold > total) return false;
        return true;
    }

    static RoutingSnapshot Snapshot(Random random)
    {
        string[] named = ["openai/gpt-4o-mini", "openai/gpt-4o", "openai/gpt-3.5-turbo", "anthropic/claude-sonnet-4", "anthropic/claude-opus-4.5", "anthropic/claude-haiku-4.5"];
        // Nine of ten at one provider; the rest are the same models at another.
        var slugs = Enumerable.Range(0, Models * 9 / 10).Select(i => i < named.Length ? named[i] : $"maker/model-{i}").ToArray();
        var models = Enumerable.Range(0, Models).Select(i => new CatalogModel(i < slugs.Length ? "openrouter" : "second", slugs[i % slugs.Length], $"Model {i}",
            i % 3 == 0 ? 16_000 : 200_000, 16_000, new ModelPrice(0.0000001m * (1 + i % 50), 0.0000004m * (1 + i % 50)))
        {
            Parameters = new HashSet<string>(i % 4 == 3 ? ["temperature"] : ["tools", "structured_outputs", "temperature"]),
            PriorQuality = random.NextDouble(),
        }).ToArray();
        var policies = PolicySet.Of(
        [
            Policy("normal", 0.10m, 4000, "openai/gpt-4o-mini", "anthropic/claude-sonnet-4.5", "maker/model-7", "maker/model-11"),
            Policy("deep", 1.00m, 8000, "openai/gpt-4o", "anthropic/claude-opus-4.5", "maker/model-12"),
            Policy("code", 0.50m, 8000, "openai/gpt-4o", "anthropic/claude-sonnet-4.5", "maker/model-13", "maker/model-15"),
            Policy("ops", 0.01m, 1000, "openai/gpt-3.5-turbo", "anthropic/claude-haiku-4.5"),
        ], [new("fix_bug", "code", null), new("analyze_logs", "normal", "fast"), new("simple_query", "ops", null), new("plan", "deep", "quality"), new("generic", "normal", null)]);
        return new RoutingSnapshot(Now, policies, models)
        {
            Standing = models.Where((_, i) => i % 17 == 16).ToDictionary(m => (m.Provider, m.Slug), _ => "it failed three times."),
            Records = models.Take(40).SelectMany(m => policies.ByName.Keys.Select(p => (m.Provider, m.Slug, p)))
                .ToDictionary(k => k, _ => new ModelRecord(random.Next(200), random.NextDouble(), null, TimeSpan.FromSeconds(random.NextDouble() * 4), TimeSpan.FromSeconds(5), 0.01m)),
            Budgets =
            [
                Budget("total", "", 50), Budget("policy", "code", 5), Budget("policy", "normal", 5), Budget("model", "openai/gpt-4o", 0.05m), Budget("provider", "openrouter", 20),
                .. Enumerable.Range(0, 20).Select(i => Budget("tenant", $"tenant-{i}", i % 5 == 0 ? 0.001m : 3)),
                .. Enumerable.Range(0, 20).Select(i => Budget("worker", $"worker:{i}", 3)),
            ],
        };
    }

    static Policy Policy(string name, decimal limitUsd, int maxTokens, params string[] models) => new(name, 1, new PolicyConfig
    {
        Models = [.. models.Select((m, i) => new PolicyModel(m, i + 1) { Aliases = m == "anthropic/claude-sonnet-4.5" ? ["anthropic/claude-sonnet-4"] : [] })],
        MaxCostPerTaskUsd = limitUsd, MaxTokens = maxTokens, Temperature = 0.3, DowngradeTo = name == "ops" ? [] : ["ops"],
    });

    static BudgetLeft Budget(string scope, string key, decimal leftUsd) => new(Guid.Empty, scope, key, "day", true, NanoUsd.Floor(leftUsd * 2), NanoUsd.Floor(leftUsd), NanoUsd.Zero, Now.AddHours(5));

    static RoutingRequest Request(Random random)
    {
        string[] types = ["fix_bug", "analyze_logs", "simple_query", "plan", "unheard_of"];
        var bytes = (long)Math.Pow(10, 2 + random.NextDouble() * 3);
        return new RoutingRequest(types[random.Next(types.Length)], random.Next(4) == 0 ? "code" : null, null, bytes, bytes / 4, random.NextDouble())
        {
            Tenant = $"tenant-{random.Next(20)}", Worker = $"worker:{random.Next(20)}", SpentByTask = NanoUsd.Floor((decimal)random.NextDouble() * 0.02m),
            Needs = random.Next(2) == 0 ? new HashSet<string> { "tools" } : new HashSet<string>(),
        };
    }
}
