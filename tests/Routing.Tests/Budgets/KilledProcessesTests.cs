using Benchmarks.Routing;
using Support;

namespace Routing.Tests.Budgets;

/// <summary>The attack of <c>ops/bench routing</c>, for a few seconds.</summary>
public sealed class KilledProcessesTests : IAsyncLifetime
{
    readonly TestDatabase database = new();

    public Task InitializeAsync() => database.InitializeAsync();

    public Task DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Processes_that_are_killed_overspend_nothing_and_what_they_held_comes_back()
    {
        var attack = new OverspendAttack(database.OwnerConnectionString, _ => { });

        var result = await attack.RunAsync(seed: 7, TimeSpan.FromSeconds(8), (Path.Combine(AppContext.BaseDirectory, "Benchmarks"), "routing-spender"), CancellationToken.None);

        Assert.Empty(result.Violations);
        Assert.InRange(result.SettledUsd, result.BudgetUsd - 0.0001m, result.BudgetUsd);
        Assert.Equal((0m, 0L), (result.HeldUsd, result.Open));
        Assert.InRange(result.Samples, 50, int.MaxValue);
        Assert.InRange(result.Kills, 3, 10);
    }
}
