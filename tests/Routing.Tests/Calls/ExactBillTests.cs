using Benchmarks.Routing;
using Support;

namespace Routing.Tests.Calls;

/// <summary>What <c>ops/bench routing</c> does with ten thousand requests (WHAT=exact), with fewer.</summary>
public sealed class ExactBillTests(Xunit.Abstractions.ITestOutputHelper output) : IAsyncLifetime
{
    readonly TestDatabase database = new();

    public Task InitializeAsync() => database.InitializeAsync();

    public Task DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task The_ledger_is_the_bill_to_the_last_nano_dollar()
    {
        var result = await new ExactBill(database.EngineConnectionString, output.WriteLine).RunAsync(seed: 7, requests: 1_000, losesNames: false, CancellationToken.None);

        Assert.Empty(result.Wrong);
        Assert.Equal((result.BillUsd, 0, 0L), (result.LedgerUsd, result.Unnamed, result.Open));
        Assert.True(result is { BillUsd: > 0, Rows: > 1_100, Failed: > 100, Left: > 50, Settled: > 50 }, $"{result}"); // of each kind enough
    }

    [Fact]
    public async Task A_call_that_nobody_can_be_asked_about_keeps_an_estimate_that_is_enough()
    {
        var result = await new ExactBill(database.EngineConnectionString, output.WriteLine).RunAsync(seed: 8, requests: 300, losesNames: true, CancellationToken.None);

        Assert.Empty(result.Wrong);
        Assert.True(result.LedgerUsd > result.BillUsd && result is { Unnamed: > 0, Open: 0 }, $"{result}");
    }
}
