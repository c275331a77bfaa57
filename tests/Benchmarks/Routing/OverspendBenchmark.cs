using Benchmarks.Queue;

namespace Benchmarks.Routing;

/// <summary>The attack on budgets, at length.</summary>
static class OverspendBenchmark
{
    static readonly TimeSpan AtTheEnd = TimeSpan.FromSeconds(35); // for the last slices to come back, and to clean up

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        await using var database = await QueueDatabase.OpenAsync(run, ct);
        var length = run.Time > AtTheEnd * 1.5 ? run.Time - AtTheEnd : AtTheEnd / 2;
        var result = await new OverspendAttack(database.Owner, run.Say).RunAsync(seed: 1, length, (Environment.ProcessPath!, SpenderProcess.Argument), ct);
        foreach (var violation in result.Violations) run.Say(violation);
        run.Result(new
        {
            what = "overspend", budget_usd = result.BudgetUsd, settled_usd = result.SettledUsd, held_usd = result.HeldUsd, refused = result.Refused, violations = result.Violations.Count,
            calls = result.Calls, lost = result.Lost, open = result.Open, samples = result.Samples, kills = result.Kills,
        });
        return result is { Violations.Count: 0, Open: 0, HeldUsd: 0 } ? 0 : 1;
    }
}
