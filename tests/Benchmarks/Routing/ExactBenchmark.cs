using Benchmarks.Queue;
using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Benchmarks.Routing;

/// <summary>The ledger against the bill of ten thousand mixed requests, to the last fraction of a dollar.</summary>
static class ExactBenchmark
{
    const int Requests = 10_000;

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        await using var database = await QueueDatabase.OpenAsync(run, ct);
        await using (var owner = NpgsqlDataSource.Create(database.Owner + ";Pooling=false"))
            await new MigrateDatabase(owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync(null, ct);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var result = await new ExactBill(database.Engine, run.Say).RunAsync(seed: 1, Requests, losesNames: false, ct);
        foreach (var wrong in result.Wrong.Take(10)) run.Say(wrong);
        run.Result(new
        {
            what = "exact", requests = Requests, calls = result.Rows, billed = result.Billed, ledger_usd = result.LedgerUsd, bill_usd = result.BillUsd, unnamed = result.Unnamed,
            settled = result.Settled, failed = result.Failed, left = result.Left, open = result.Open, wrong = result.Wrong.Count, seconds = Math.Round(clock.Elapsed.TotalSeconds, 1),
        });
        return result is { Wrong.Count: 0, Unnamed: 0, Open: 0 } && result.LedgerUsd == result.BillUsd ? 0 : 1;
    }
}
