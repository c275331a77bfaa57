using System.Globalization;
using Routing.Calls;
using Support.Money;

namespace Benchmarks.Routing;

/// <summary>A process of its own that spends as fast as it is let: many callers, calls of a few milliseconds, some that fail, some whose caller leaves.</summary>
static class SpenderProcess
{
    public const string Argument = "routing-spender";

    /// <summary>How long after a process's last sign of life its money is taken apart.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    public const decimal LeastHoldUsd = 0.0001m, MostHoldUsd = 0.004m;

    /// <param name="args">Connection string, name of the worker, seed, callers.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var callers = int.Parse(args[3], CultureInfo.InvariantCulture);
        var seed = int.Parse(args[2], CultureInfo.InvariantCulture);
        using var over = new CancellationTokenSource();
        using var term = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            over.Cancel();
        });
        await using var spender = new Spender(args[0], Lease);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(n => CallAsync(spender, args[1], new Random(seed * 10_000 + n), over.Token)));
        await spender.Ledger.FlushAsync(CancellationToken.None);
        return 0;
    }

    static async Task CallAsync(Spender spender, string worker, Random random, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var hold = LeastHoldUsd + decimal.Round((MostHoldUsd - LeastHoldUsd) * (decimal)Math.Pow(random.NextDouble(), 3), 9);
            var call = Spender.Call(hold, new CallOrigin(Spender.Id(), Tenant: "acme", Worker: worker, TaskKind: "fix_bug"), random.Next(2) == 0 ? "openai/gpt-4o" : "openai/gpt-4o-mini");
            using var leaving = new CancellationTokenSource(random.Next(20) == 0 ? random.Next(5) : 60_000);
            try
            {
                if (await spender.Ledger.OpenAsync(call, leaving.Token) is not CallOpening.Opened opened)
                {
                    await Task.Delay(20, CancellationToken.None); // refused: somebody may give something back
                    continue;
                }
                await Task.Delay(random.Next(8), CancellationToken.None);
                spender.Ledger.Close(opened.Call, random.Next(10) switch
                {
                    0 => Spender.Cost(0, "failed"),
                    1 => Spender.Cost(hold, "cancelled", isEstimated: true),
                    _ => Spender.Cost(decimal.Round(hold * (decimal)random.NextDouble(), 12)),
                });
            }
            catch (Exception e) when (e is OperationCanceledException or TimeoutException)
            {
                // its caller has left, or the database was away for long
            }
        }
    }
}
