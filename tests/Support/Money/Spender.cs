using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing;
using Routing.Budgets;
using Routing.Calls;
using Routing.Catalog;

namespace Support.Money;

/// <summary>One process's part of the ledger, in this process: several of them on one database are several processes to each other.</summary>
public sealed class Spender : IAsyncDisposable
{
    readonly NpgsqlDataSource source;
    readonly CancellationTokenSource stop = new();
    readonly Task running;

    public Spender(string connectionString, TimeSpan? lease = null, TimeProvider? time = null, TimeSpan? openTimeout = null)
    {
        var clock = time ?? TimeProvider.System;
        source = NpgsqlDataSource.Create(connectionString + ";Maximum Pool Size=10;Command Timeout=10");
        var options = new LedgerOptions(lease ?? TimeSpan.FromSeconds(3), openTimeout ?? TimeSpan.FromSeconds(20), Listen: true);
        var holders = new Holders(source, clock, NullLogger<Holders>.Instance);
        Budgets = new CurrentBudgets(clock);
        Ledger = new CallLedger(options, clock);
        Loop = new LedgerLoop(source.OpenConnectionAsync, Ledger, options, Budgets, holders, new CorrectCosts(source, clock), clock, NullLogger<LedgerLoop>.Instance);
        var keep = new KeepBudgets(source.OpenConnectionAsync, options, Budgets, Ledger, Loop, holders, clock, NullLogger<KeepBudgets>.Instance);
        running = Task.WhenAll(Task.Run(() => Loop.RunAsync(stop.Token)), Task.Run(() => keep.RunAsync(stop.Token)));
    }

    public CurrentBudgets Budgets { get; }

    public CallLedger Ledger { get; }

    public LedgerLoop Loop { get; }

    public static Guid Id() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    public static NewCall Call(decimal holdUsd, CallOrigin? origin = null, string model = "openai/gpt-4o", string policy = "normal") => new(Spender.Id(),
        origin ?? new CallOrigin(Spender.Id()), 1, policy, 1, "openrouter", model, NanoUsd.Ceiling(holdUsd), holdUsd / 2, ["a test"], new JsonObject { ["prompt"] = "0.000001" }, 100, false);

    public static CallEnd Cost(decimal usd, string outcome = "succeeded", bool isEstimated = false) =>
        new(outcome, usd, isEstimated, new TokenUsage(100, 20, 10), TimeSpan.FromMilliseconds(12), GenerationId: "gen-1");

    public async Task<OpenCall> OpenAsync(NewCall call)
    {
        var opening = await Ledger.OpenAsync(call, CancellationToken.None);
        return Assert.IsType<CallOpening.Opened>(opening).Call;
    }

    public async Task<BudgetRefusal> RefusedAsync(NewCall call) => Assert.IsType<CallOpening.Refused>(await Ledger.OpenAsync(call, CancellationToken.None)).Refusal;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        await Loop.DisposeAsync();
        await source.DisposeAsync();
        stop.Dispose();
    }
}
