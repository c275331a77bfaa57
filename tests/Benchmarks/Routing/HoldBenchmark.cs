using System.Diagnostics;
using Routing;
using Routing.Budgets;

namespace Benchmarks.Routing;

/// <summary>Holding money in five windows of this process's slices and settling it, as each call does.</summary>
static class HoldBenchmark
{
    const int Windows = 5, Batch = 100, Rounds = 10_000;

    public static Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var slices = new LocalSlices(TimeProvider.System);
        var windows = Enumerable.Range(0, Windows).Select(n => new BudgetWindow(new Guid(n + 1, 0, 0, new byte[8]), "2026-01-01", "", null, null)).ToArray();
        foreach (var window in windows) slices.Grant(window, 1_000_000m, isExact: false);
        var hold = NanoUsd.Ceiling(0.01m);
        Measure(slices, windows, hold, Rounds / 10); // warm
        var took = Measure(slices, windows, hold, Rounds);
        Array.Sort(took);
        var seconds = took.Sum() / 1e6;
        if (slices.FreeOf(windows[0]) != 1_000_000m - (Rounds + Rounds / 10) * (long)Batch * 0.000_123m) throw new InvalidOperationException($"The slices do not add up: {slices.FreeOf(windows[0])}.");
        run.Result(new { what = "hold", per_second = Math.Round(Rounds * (double)Batch / seconds), p50_us = Math.Round(took[Rounds / 2] / Batch, 3), p99_us = Math.Round(took[Rounds * 99 / 100] / Batch, 3) });
        return Task.FromResult(0);
    }

    /// <returns>Microseconds of each batch.</returns>
    static double[] Measure(LocalSlices slices, BudgetWindow[] windows, NanoUsd hold, int rounds)
    {
        var took = new double[rounds];
        for (var round = 0; round < rounds; round++)
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Batch; i++)
            {
                if (!slices.TryHold(windows, hold)) throw new InvalidOperationException("The slices are used up.");
                slices.Settle(windows, hold, 0.000_123m);
            }
            took[round] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        return took;
    }
}
