using Benchmarks.Queue;

namespace Benchmarks.Routing;

/// <summary>Routing's figures; <c>WHAT</c> names one of them.</summary>
static class RoutingBenchmark
{
    static readonly TimeSpan AtTheEnd = TimeSpan.FromSeconds(35); // for the last slices to come back, and to clean up

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var what = Environment.GetEnvironmentVariable("WHAT") ?? "";
        if (what is "" or "hold") HoldBenchmark.Run(run);
        if (what is "" or "overspend") return await OverspendAsync(run, ct);
        if (what is "hold") return 0;
        run.Say($"WHAT must be hold or overspend, is \"{what}\".");
        return 2;
    }

    static async Task<int> OverspendAsync(BenchmarkRun run, CancellationToken ct)
    {
        await using var database = await QueueDatabase.OpenAsync(run, ct);
        var length = run.Time > AtTheEnd * 1.5 ? run.Time - AtTheEnd : AtTheEnd / 2;
        var result = await new OverspendAttack(database.ConnectionString, run.Say).RunAsync(seed: 1, length, (Environment.ProcessPath!, SpenderProcess.Argument), ct);
        foreach (var violation in result.Violations) run.Say(violation);
        run.Result(new
        {
            what = "overspend", budget_usd = result.BudgetUsd, settled_usd = result.SettledUsd, held_usd = result.HeldUsd, refused = result.Refused, violations = result.Violations.Count,
            calls = result.Calls, lost = result.Lost, open = result.Open, samples = result.Samples, kills = result.Kills,
        });
        return result is { Violations.Count: 0, Open: 0, HeldUsd: 0 } ? 0 : 1;
    }
}
