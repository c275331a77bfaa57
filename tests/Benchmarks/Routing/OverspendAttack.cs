using System.Diagnostics;
using Dapper;
using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Budgets;
using Support;
using Support.Money;

namespace Benchmarks.Routing;

/// <summary>
/// Three processes with two hundred callers each against budgets at five levels that are far too small, raised a little every second, while processes are
/// killed. Sampled all the time: settled + held never passes an amount. At the end nothing is left that would have fit, and nothing is held any more.
/// </summary>
public sealed class OverspendAttack(string ownerConnectionString, Action<string> say)
{
    /// <summary>Of one that was told to stop before it had begun to listen for that; like a killed one it has left what others take apart.</summary>
    const int Terminated = 128 + 15;

    const int Processes = 3, Callers = 200;

    const decimal FirstUsd = 0.05m, MoreUsd = 0.02m;

    static readonly (string Scope, string Key)[] Levels = [("total", ""), ("tenant", "acme"), ("policy", "normal"), ("provider", "openrouter"), ("task_kind", "fix_bug")];

    /// <param name="spenders">What starts a process that spends: program and first argument.</param>
    public async Task<OverspendResult> RunAsync(int seed, TimeSpan length, (string Program, string Argument) spenders, CancellationToken ct)
    {
        await using var owner = NpgsqlDataSource.Create(ownerConnectionString + ";Maximum Pool Size=10");
        await new MigrateDatabase(owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync(null, ct);
        var amount = FirstUsd;
        await RaiseAsync(owner, amount, ct);
        var random = new Random(seed);
        var running = Enumerable.Range(0, Processes).Select(n => Start(spenders, n, seed * 100 + n)).ToArray();
        var (violations, samples, kills) = (new HashSet<string>(StringComparer.Ordinal), 0, 0);
        using var over = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            for (; !over.IsCancellationRequested; samples++)
            {
                if (await ScalarAsync<string?>(owner, BudgetRules.ViolationsSql, ct) is { } violation) violations.Add(violation);
                await Task.Delay(5, CancellationToken.None);
            }
        }, ct);

        var clock = Stopwatch.StartNew();
        for (var beat = 1; clock.Elapsed < length; beat++)
        {
            await Task.Delay(TimeSpan.FromSeconds(beat) - clock.Elapsed is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero, ct);
            await RaiseAsync(owner, amount += MoreUsd, ct);
            if (beat % 2 == 0)
            {
                var which = random.Next(Processes);
                running[which].Signal("KILL");
                await running[which].EndAsync(TimeSpan.FromSeconds(10));
                running[which].Dispose();
                running[which] = Start(spenders, which, seed * 100 + beat * 10 + which);
                kills++;
            }
            say($"{clock.Elapsed.TotalSeconds:0} s: {amount} of budget, {await ScalarAsync<decimal>(owner, "select settled_usd from v_budget_status where scope = 'total'", ct)} settled, {kills} killed, {violations.Count} violations");
        }
        // Without killing: until the smallest hold does not fit any more.
        await Eventually.TrueAsync(async () => await LeftAsync(owner, ct) < SpenderProcess.LeastHoldUsd, TimeSpan.FromSeconds(30), "less than the smallest hold is left");
        foreach (var process in running) process.Signal("TERM");
        foreach (var process in running)
        {
            var end = await process.EndAsync(TimeSpan.FromSeconds(40));
            if (end.ExitCode is not (0 or Terminated)) violations.Add($"a process ended with {end.ExitCode}: {end.Error}");
            process.Dispose();
        }
        await using (var last = new Spender(ownerConnectionString, SpenderProcess.Lease))
            await Eventually.TrueAsync(async () => await ScalarAsync<decimal>(owner, "select coalesce(sum(granted_usd), 0) from budget_windows", ct) == 0, TimeSpan.FromSeconds(20), "dead slices have come back");
        await over.CancelAsync();
        await watching;
        return new OverspendResult(amount, await ScalarAsync<decimal>(owner, "select settled_usd from v_budget_status where scope = 'total'", ct),
            await ScalarAsync<decimal>(owner, "select held_usd from v_budget_status where scope = 'total'", ct), await ScalarAsync<long>(owner, "select refused from v_budget_status where scope = 'total'", ct),
            await ScalarAsync<long>(owner, "select count(*) from model_selections", ct), await ScalarAsync<long>(owner, "select count(*) from model_selections where outcome = 'lost'", ct),
            await ScalarAsync<long>(owner, "select count(*) from model_selections where outcome = 'open'", ct), samples, kills, [.. violations]);
    }

    RunningProgram Start((string Program, string Argument) spenders, int worker, int seed) =>
        RunningProgram.Start(spenders.Program, [spenders.Argument, ownerConnectionString, $"worker:{worker}", $"{seed}", $"{Callers}"]);

    static Task<decimal> LeftAsync(NpgsqlDataSource owner, CancellationToken ct) =>
        ScalarAsync<decimal>(owner, "select min(amount_usd - settled_usd) from v_budget_status", ct);

    static async Task RaiseAsync(NpgsqlDataSource owner, decimal amountUsd, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        foreach (var (scope, key) in Levels)
            await new PutBudget(TimeProvider.System).RunAsync(connection, transaction, new BudgetTermsAsked(scope, key, scope == "total" ? "day" : "month", amountUsd), "attack", ct);
        await transaction.CommitAsync(ct);
    }

    static async Task<T> ScalarAsync<T>(NpgsqlDataSource owner, string sql, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        return (await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, cancellationToken: ct)))!;
    }
}

/// <param name="Lost">Calls whose process was killed: booked with what they can have cost.</param>
/// <param name="Violations">What did not hold at some moment.</param>
public sealed record OverspendResult(decimal BudgetUsd, decimal SettledUsd, decimal HeldUsd, long Refused, long Calls, long Lost, long Open, int Samples, int Kills, IReadOnlyList<string> Violations);
