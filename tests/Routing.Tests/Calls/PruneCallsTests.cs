using Dapper;
using Routing.Calls;
using Routing.Performance;
using Support;

namespace Routing.Tests.Calls;

public sealed class PruneCallsTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Old_calls_go_in_batches_and_what_they_cost_is_told_as_before()
    {
        for (var n = 0; n < 25; n++)
            await db.AddSelectionAsync(new EnteredCall(Now.AddHours(-9 * n), Model: n % 3 == 0 ? "a/large" : "a/small", CostUsd: 0.001m * n, Outcome: n % 5 == 0 ? "failed" : "succeeded",
                LatencyMs: n % 4 == 0 ? null : 100 * n));
        await ExecuteAsync("update model_selections set tenant = 'acme' where cost_usd > 0.01");
        var (days, models, costs) = (await DailyAsync(), await ByModelAsync(), await CostsAsync());

        var deleted = await new PruneCalls(db.Source) { BatchRows = 4 }.RunAsync(Now.AddHours(-80), CancellationToken.None);
        var again = await new PruneCalls(db.Source) { BatchRows = 4 }.RunAsync(Now.AddHours(-120), CancellationToken.None);

        Assert.Equal((16L, 0L, 9L), (deleted, again, await ValueAsync<long>("select count(*) from model_selections")));
        Assert.Equal(days, await DailyAsync());
        Assert.Equal(models, await ByModelAsync());
        Assert.Equal(costs, await CostsAsync());
        Assert.Equal(9, await new PruneCalls(db.Source).RunAsync(Now.AddDays(1), CancellationToken.None)); // the rest of days that are summed up in part
        Assert.Equal(days, await DailyAsync());
        Assert.Equal(models, await ByModelAsync());
    }

    [Fact]
    public async Task A_call_that_is_under_way_or_whose_cost_is_not_known_is_kept_whatever_its_age()
    {
        foreach (var _ in Enumerable.Range(0, 3)) await db.AddSelectionAsync(new EnteredCall(Now.AddDays(-900)));
        await ExecuteAsync("""
            update model_selections set outcome = 'open', ended_at = null where selection_id = (select selection_id from model_selections order by selection_id limit 1);
            update model_selections set is_estimated = true where selection_id = (select selection_id from model_selections order by selection_id desc limit 1)
            """);

        Assert.Equal(1, await new PruneCalls(db.Source).RunAsync(Now.AddDays(-400), CancellationToken.None));

        Assert.Equal(2, await ValueAsync<long>("select count(*) from model_selections where outcome = 'open' or is_estimated"));
    }

    [Fact]
    public async Task What_was_seen_of_models_is_not_counted_anew_from_calls_that_are_gone()
    {
        await db.AddSelectionAsync(new EnteredCall(Now.AddDays(-500)));
        var rebuild = new RebuildPerformance(db.Source, new ManualTime());
        Assert.Equal(1, await rebuild.RunAsync(PerformanceWindow.Day, Now.AddDays(-500), CancellationToken.None));

        await new PruneCalls(db.Source).RunAsync(Now.AddDays(-400), CancellationToken.None);

        Assert.Null(await rebuild.RunAsync(PerformanceWindow.Day, Now.AddDays(-500), CancellationToken.None));
        Assert.Equal(1, await ValueAsync<long>("select requests from model_performance where window_kind = 'day'"));
    }

    async Task<IReadOnlyList<string>> DailyAsync() => await TextsAsync("""
        select concat_ws(' ', day, policy, model, provider, task_kind, tenant, worker, calls, succeeded, trim_scale(cost_usd), estimated_usd, prompt_tokens, completion_tokens) from v_spend_daily order by 1
        """);

    async Task<IReadOnlyList<string>> ByModelAsync() => await TextsAsync("""
        select concat_ws(' ', provider, model, calls, succeeded, trim_scale(cost_usd), prompt_tokens, completion_tokens, cached_tokens, round(mean_latency_ms::numeric, 6)) from v_spend_by_model order by 1
        """);

    async Task<IReadOnlyList<CostRow>> CostsAsync() =>
        [.. (await new SumCosts(db.Source).RunAsync("tenant", "month", Now.AddDays(-60), Now.AddDays(1), CancellationToken.None)).OrderBy(r => r.StartsAt).ThenBy(r => r.Key, StringComparer.Ordinal)];

    async Task<IReadOnlyList<string>> TextsAsync(string sql)
    {
        await using var connection = await db.Reader.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>(sql)];
    }

    async Task<T> ValueAsync<T>(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    async Task ExecuteAsync(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }
}
