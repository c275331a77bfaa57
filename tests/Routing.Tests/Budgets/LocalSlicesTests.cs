using Routing.Budgets;
using Support;

namespace Routing.Tests.Budgets;

public sealed class LocalSlicesTests
{
    static readonly TimeSpan Unused = TimeSpan.FromSeconds(30);

    readonly ManualTime time = new();

    [Fact]
    public void What_is_free_of_an_exact_window_goes_back_at_once_and_of_a_wide_one_when_nobody_uses_it()
    {
        var slices = new LocalSlices(time);
        var (wide, exact) = (Window(1), Window(2));
        slices.Grant(wide, 1m, isExact: false);
        slices.Grant(exact, 0.1m, isExact: true);
        Assert.True(slices.TryHold([wide, exact], NanoUsd.Ceiling(0.1m)));
        Assert.Empty(slices.TakeFree(Unused));

        slices.Settle([wide, exact], NanoUsd.Ceiling(0.1m), 0.04m);

        Assert.Equal([(exact, 0.06m)], slices.TakeFree(Unused).Select(b => (b.Window, b.Usd)));
        slices.MakeExact(wide.BudgetId, wide.Key);
        Assert.Equal([(wide, 0.96m)], slices.TakeFree(Unused).Select(b => (b.Window, b.Usd)));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal([(wide, 0m, true), (exact, 0m, true)], slices.TakeFree(Unused).OrderBy(b => b.Window.Key).Select(b => (b.Window, b.Usd, b.IsOver)));
        Assert.Empty(slices.Windows);
    }

    [Fact]
    public void A_recalled_budget_gives_back_what_is_free_whatever_its_use()
    {
        var slices = new LocalSlices(time);
        slices.Grant(Window(1), 1m, isExact: false);
        slices.TakeFree(Unused);

        Assert.Equal(1m, Assert.Single(slices.TakeFree(Unused, new HashSet<Guid> { Window(1).BudgetId })).Usd);
    }

    [Fact]
    public void Windows_of_many_tasks_cost_a_call_of_another_one_nothing()
    {
        var slices = new LocalSlices(time);
        for (var n = 0; n < 20_000; n++) slices.Grant(Window(n), 1m, isExact: false);
        slices.TakeFree(Unused);
        slices.Grant(Window(-1), 0.1m, isExact: true);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var back = slices.TakeFree(Unused);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
        Assert.Equal(0.1m, Assert.Single(back).Usd);
    }

    static BudgetWindow Window(int task) => new(new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]), $"{task}", "", null, null);
}
