using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Performance;
using Routing.Providers;
using Support;

namespace Routing.Tests.Performance;

public sealed class ReconcileCostsTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new(); // 2026-03-01 12:00 UTC
    readonly ProviderHttp http = new();
    BillingServer billing = null!;

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow() - TimeSpan.FromDays(20), CostUsd: 0)); // the table is there
        billing = await BillingServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await billing.DisposeAsync();
    }

    [Fact]
    public async Task Whole_days_are_compared_and_a_drift_above_the_tolerance_is_told()
    {
        await SpendAsync(hoursAgo: 13, 1.5m); // 28 February
        await SpendAsync(hoursAgo: 30, 0.5m); // the same day
        await SpendAsync(hoursAgo: 40, 3m); // the 27th
        await SpendAsync(hoursAgo: 1, 9m); // today, not compared
        billing.Activity.AddRange([("2026-02-28", 1.2m, 0.3m), ("2026-02-28", 0.505m, 0), ("2026-02-27", 3.5m, 0), ("2026-02-10", 7m, 0)]);

        var compared = await RunAsync(billing.Meter());

        Assert.Equal([("2026-02-26", 0m, 0m, true), ("2026-02-27", 3.5m, 3m, false), ("2026-02-28", 2.005m, 2m, true)],
            compared.Where(r => r.Source == "activity").Select(r => ($"{r.From:yyyy-MM-dd}", r.BilledUsd, r.LedgerUsd, r.IsWithin)));
        await using var connection = await db.Reader.OpenConnectionAsync();
        Assert.Equal(0.5m, await connection.ExecuteScalarAsync<decimal>("select drift_usd from v_routing_reconciliations where not is_within"));
    }

    [Fact]
    public async Task Compared_again_a_day_takes_the_place_of_the_first_comparison()
    {
        billing.Activity.Add(("2026-02-28", 2m, 0));
        Assert.Contains(await RunAsync(billing.Meter()), r => !r.IsWithin);
        await SpendAsync(hoursAgo: 13, 2m); // settled late

        Assert.All(await RunAsync(billing.Meter()), r => Assert.True(r.IsWithin));

        await using var connection = await db.Reader.OpenConnectionAsync();
        Assert.Equal(3, await connection.ExecuteScalarAsync<int>("select count(*) from v_routing_reconciliations where source = 'activity' and is_within"));
    }

    [Fact]
    public async Task A_key_that_may_not_see_activity_is_compared_by_what_its_meter_moved()
    {
        billing.MeterUsd = 100m;
        var first = Assert.Single(await RunAsync(billing.Meter(mayManage: false)));
        time.Advance(TimeSpan.FromDays(1));
        await SpendAsync(hoursAgo: 2, 0.25m);
        billing.MeterUsd = 100.25m;
        var second = Assert.Single(await RunAsync(billing.Meter(mayManage: false)));
        time.Advance(TimeSpan.FromDays(1));
        billing.MeterUsd = 101m;
        var third = Assert.Single(await RunAsync(billing.Meter(mayManage: false)));
        billing.MeterUsd = 2m; // another key
        var fourth = Assert.Single(await RunAsync(billing.Meter(mayManage: false)));

        Assert.Equal([(0m, 0m, true), (0.25m, 0.25m, true), (0.75m, 0m, false), (0m, 0m, true)],
            new[] { first, second, third, fourth }.Select(r => (r.BilledUsd, r.LedgerUsd, r.IsWithin)));
        Assert.Equal(first.To, second.From);
    }

    [Theory]
    [InlineData(500, "{}")]
    [InlineData(200, "<html>")]
    [InlineData(200, "{\"data\":[{\"usage\":1}]}")]
    [InlineData(200, "{\"data\":[{\"date\":\"2026-02-28\",\"usage\":\"much\"}]}")]
    [InlineData(200, "[]")]
    public async Task A_provider_that_answers_nothing_sensible_keeps_no_other_from_being_compared(int status, string body)
    {
        await using var broken = await BillingServer.StartAsync();
        broken.Instead = (status, body);

        var compared = await RunAsync(broken.Meter(name: "broken"), billing.Meter());

        Assert.NotNull(Assert.Single(compared, r => r.Provider == "broken").Problem);
        Assert.Equal(4, compared.Count(r => r.Provider == "openrouter" && r.IsWithin));
    }

    Task<Guid> SpendAsync(double hoursAgo, decimal costUsd) => db.AddSelectionAsync(new EnteredCall(time.GetUtcNow() - TimeSpan.FromHours(hoursAgo), CostUsd: costUsd));

    Task<IReadOnlyList<Reconciliation>> RunAsync(params ProviderMeter[] providers) =>
        new ReconcileCosts(db.Source, new ReadProviderUsage(new AskProvider(http, time)), new LedgerSums(db.Source), ReconcileSettings.Default, time, NullLogger<ReconcileCosts>.Instance).RunAsync(providers, CancellationToken.None);
}
