using System.Diagnostics.Metrics;
using Dapper;
using Emulators.OpenRouter;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Budgets;
using Routing.Calls;
using Routing.Providers.Wire;
using Support;
using Support.Money;

namespace Benchmarks.Routing;

/// <summary>
/// Calls of every kind, mixed, through the real parts over the emulator: cached, reasoning, at override and discount prices, on own keys, failing, left by
/// their callers. Then estimates are settled. Row by row, and in the windows of budgets, the ledger must be what the emulator has billed.
/// </summary>
/// <param name="connectionString">Of the engine's login to a migrated database without calls.</param>
public sealed class ExactBill(string connectionString, Action<string> say)
{
    const int Callers = 16, MostRounds = 30;

    static readonly Dictionary<string, double> Percent = new()
    {
        ["429"] = 3, ["500"] = 2, ["502"] = 3, ["503-b"] = 2, ["504"] = 2, ["404"] = 1, ["error-first"] = 2, ["error-mid"] = 2, ["error-mid-empty"] = 1, ["error-mid-bare"] = 1,
        ["error-event"] = 1, ["cut-end"] = 3, ["malformed-frame"] = 1, ["usage-missing"] = 3, ["usage-twice"] = 3, ["usage-choice"] = 3, ["cost-missing"] = 3,
        ["no-done"] = 3, ["comments"] = 3, ["crlf+split"] = 3, ["batch"] = 3,
    };

    static readonly BudgetTermsAsked[] Budgets =
    [
        new("total", "", "lifetime", 1_000_000m), new("provider", "*", "month", 1_000_000m), new("model", "*", "week", 1_000_000m), new("policy", MixedCallers.Policy, "day", 1_000_000m),
        new("worker", "*", "task", 1_000_000m),
    ];

    /// <param name="losesNames">Whether connections are also cut, and callers leave, before the provider has named the call: then nobody can be asked, and its estimate stands.</param>
    public async Task<ExactResult> RunAsync(int seed, int requests, bool losesNames, CancellationToken ct)
    {
        await using var emulator = await OpenRouterEmulator.StartAsync(new()
        {
            GenerationAppearsAfter = TimeSpan.FromMilliseconds(20), ByokAuthors = new HashSet<string> { "google" },
            Rules = losesNames ? [] : // their bills are larger than any hold
            [
                new() { Match = new() { User = "long" }, Usage = new RuleUsage(Prompt: 250_000, Cached: 30_000, CacheWrite: 10_000, Completion: 700, Reasoning: 300) },
                new() { Match = new() { User = "cached" }, Usage = new RuleUsage(Prompt: 9_000, Cached: 8_000, Completion: 90) },
            ],
        }, ct);
        emulator.Faults.SetChaos(seed, losesNames ? new Dictionary<string, double>(Percent) { ["cut-reset"] = 5, ["cut-close"] = 5, ["silence"] = 2 } : Percent);
        await using var database = NpgsqlDataSource.Create(connectionString + ";Maximum Pool Size=20");
        Guid[] budgets = await Task.WhenAll(Budgets.Select(b => PutAsync(database, b, ct)));
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var spender = new Spender(connectionString, TimeSpan.FromSeconds(60));
        using var callers = await MixedCallers.StartAsync(emulator, database, spender, services.GetRequiredService<IMeterFactory>(), losesNames, ct);

        say($"{requests} requests by {Callers} callers …");
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= requests) await callers.AskAsync(new Random(seed * 1_000_003 + number), number, ct);
        }, ct)));
        await Eventually.TrueAsync(() => emulator.Ledger.Running == 0, TimeSpan.FromSeconds(30), "the emulator's end of all calls");
        await spender.Ledger.FlushAsync(ct);
        var settled = await SettleAsync(database, callers, ct);
        return await CompareAsync(database, emulator.Ledger, budgets, settled, ct);
    }

    async Task<int> SettleAsync(NpgsqlDataSource database, MixedCallers callers, CancellationToken ct)
    {
        var time = new ManualTime(); // so that nobody waits for the next turn
        time.JumpWallClock(TimeProvider.System.GetUtcNow() - time.GetUtcNow());
        using var settle = new SettleLater(new FindUnsettled(database, time), new CorrectCosts(database, time), callers.EndpointOf, new AskGeneration(callers.Connections, TimeProvider.System), _ => { }, time,
            NullLogger<SettleLater>.Instance);
        var settled = 0;
        for (var round = 0; round < MostRounds; round++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            settled += await settle.RunOnceAsync(ct);
            if (await ScalarAsync<long>(database, "select count(*) from model_selections where is_estimated and generation_id is not null", ct) == 0) break;
        }
        say($"{settled} estimates settled");
        return settled;
    }

    async Task<ExactResult> CompareAsync(NpgsqlDataSource database, Ledger bill, Guid[] budgets, int settled, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = (await connection.QueryAsync<Row>("select selection_id, cost_usd, hold_usd, is_estimated, generation_id, outcome, http_status from model_selections")).ToDictionary(r => r.SelectionId.ToString());
        var (wrong, billedUsd, unnamedUsd, unnamed) = (new List<string>(), 0m, 0m, 0);
        foreach (var entry in bill.Entries)
        {
            var billed = decimal.Round(BillOf(entry), 12); // as a row holds it
            billedUsd += billed;
            if (!rows.Remove(entry.RequestKey ?? "", out var row)) wrong.Add($"{entry.Number}: billed {billed}, and no row: {entry.Outcome}");
            else if (row is { IsEstimated: true, GenerationId: null })
            {
                (unnamed, unnamedUsd) = (unnamed + 1, unnamedUsd + row.CostUsd - billed);
                say($"nobody can be asked about {row}: billed {billed}, {entry.Outcome}");
                if (row.CostUsd < billed) wrong.Add($"{row}: estimated below what was billed, {billed}");
            }
            else if (row.CostUsd != billed || row.IsEstimated) wrong.Add($"{row}: billed {billed}, {entry.Outcome}");
        }
        foreach (var row in rows.Values) // that no call came of
        {
            if (row.IsEstimated) (unnamed, unnamedUsd) = (unnamed + 1, unnamedUsd + row.CostUsd);
            else if (row.CostUsd != 0) wrong.Add($"{row}: nothing was billed");
        }
        var sums = (await connection.QueryAsync<decimal>("select sum(settled_usd) from budget_windows where budget_id = any(@budgets) group by budget_id", new { budgets })).ToArray();
        var ledgerUsd = await ScalarAsync<decimal>(database, "select sum(cost_usd) from model_selections", ct);
        if (sums.Length != Budgets.Length || sums.Any(s => s != ledgerUsd)) wrong.Add($"the windows of budgets have settled {string.Join(", ", sums)}, the rows {ledgerUsd}");
        if (await ScalarAsync<string?>(database, BudgetRules.ViolationsSql, ct) is { } violation) wrong.Add(violation);
        if (ledgerUsd - unnamedUsd != billedUsd) wrong.Add($"the rows come to {ledgerUsd}, {unnamedUsd} of that estimated beyond the bill, which is {billedUsd}");
        return new ExactResult(await ScalarAsync<long>(database, "select count(*) from model_selections", ct), bill.Calls, ledgerUsd, billedUsd, unnamed, settled, bill.Failed,
            await ScalarAsync<long>(database, "select count(*) from model_selections where outcome = 'cancelled'", ct),
            await ScalarAsync<long>(database, "select count(*) from model_selections where outcome = 'open'", ct), wrong);
    }

    /// <summary>With what went past OpenRouter to the provider behind it.</summary>
    static decimal BillOf(LedgerEntry entry) => entry.Outcome!.CostUsd + (entry.Outcome.IsByok ? entry.Outcome.UpstreamUsd : 0);

    static async Task<Guid> PutAsync(NpgsqlDataSource database, BudgetTermsAsked budget, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var put = await new PutBudget(TimeProvider.System).RunAsync(connection, transaction, budget, "exact", ct);
        await transaction.CommitAsync(ct);
        return put.BudgetId;
    }

    static async Task<T> ScalarAsync<T>(NpgsqlDataSource database, string sql, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, cancellationToken: ct)))!;
    }

    sealed record Row(Guid SelectionId, decimal CostUsd, decimal HoldUsd, bool IsEstimated, string? GenerationId, string Outcome, int? HttpStatus);
}

/// <param name="Rows">Attempts at calls.</param>
/// <param name="Billed">Calls that reached the emulator.</param>
/// <param name="Unnamed">Estimates that stand because the provider's name for the call never arrived.</param>
/// <param name="Settled">Estimates that were replaced by what the provider told.</param>
/// <param name="Left">Attempts whose callers left.</param>
/// <param name="Wrong">What is not as it should be.</param>
public sealed record ExactResult(long Rows, long Billed, decimal LedgerUsd, decimal BillUsd, int Unnamed, int Settled, long Failed, long Left, long Open, IReadOnlyList<string> Wrong);
