using Dapper;
using Npgsql;
using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

public sealed class GiveFeedbackTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_verdict_counts_in_the_windows_of_its_call_and_once_for_each_source()
    {
        var selectionId = await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow() - TimeSpan.FromHours(30)));

        Assert.Equal(FeedbackOutcome.Given, await GiveAsync(selectionId, "user", 1));
        Assert.Equal(FeedbackOutcome.Unchanged, await GiveAsync(selectionId, "user", 1));
        Assert.Equal(FeedbackOutcome.Given, await GiveAsync(selectionId, "verifier", -1));
        Assert.Equal(("2026-02-28 00:00", 2L, 1m, 0.5m), await DayAsync());
        Assert.Equal(FeedbackOutcome.Changed, await GiveAsync(selectionId, "user", -0.5m));

        Assert.Equal(("2026-02-28 00:00", 2L, 0.25m, 1.25m), await DayAsync());
        await using var connection = await db.Reader.OpenConnectionAsync();
        Assert.Equal([(-0.500m, "late", "token:tester")], await connection.QueryAsync<(decimal, string, string)>("select verdict, reason, given_by from v_routing_feedback where source = 'user'"));
        Assert.Equal(3, await connection.ExecuteScalarAsync<int>("select count(*) from v_model_performance"));
    }

    [Fact]
    public async Task A_window_that_was_deleted_does_not_come_back_for_a_late_verdict()
    {
        var selectionId = await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow() - TimeSpan.FromDays(10)));

        await GiveAsync(selectionId, "test", 1);

        await using var connection = await db.Reader.OpenConnectionAsync();
        Assert.Equal(["day", "hour"], await connection.QueryAsync<string>("select window_kind from v_model_performance order by 1"));
    }

    [Fact]
    public async Task Many_at_once_for_one_answer_count_once()
    {
        var selectionId = await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow()));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => GiveAsync(selectionId, "user", 1)));

        Assert.Single(outcomes, FeedbackOutcome.Given);
        Assert.Equal(1, (await DayAsync()).Verdicts);
    }

    [Fact]
    public async Task What_is_not_there_or_out_of_bounds_is_refused()
    {
        var selectionId = await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow()));

        Assert.Equal(FeedbackOutcome.NoSuchSelection, await GiveAsync(Guid.CreateVersion7(time.GetUtcNow()), "user", 1));
        await Assert.ThrowsAsync<PostgresException>(() => GiveAsync(selectionId, "user", 1.5m));
        await Assert.ThrowsAsync<PostgresException>(() => GiveAsync(selectionId, "nobody", 1));
    }

    [Fact]
    public async Task A_window_that_is_counted_anew_from_the_ledger_is_what_was_counted_at_once()
    {
        using var record = new RecordPerformance(db.Source, time, Calls.Metrics());
        var random = new Random(3);
        for (var call = 0; call < 60; call++)
        {
            var at = time.GetUtcNow() + TimeSpan.FromSeconds(random.Next(3600));
            var (latency, first) = (random.Next(4000) + 0.7, random.Next(400) + 0.4);
            var end = random.Next(3) switch { 0 => Calls.Failed($"kind_{random.Next(3)}"), 1 => Calls.Cancelled(), _ => Calls.Succeeded(latency, 0.000000123456m, first) };
            record.Add("openrouter", $"m{call % 2}", "normal", at, end);
            var id = await db.AddSelectionAsync(new EnteredCall(at, Model: $"m{call % 2}", Outcome: end.Outcome, CostUsd: end.CostUsd, LatencyMs: end.Latency.TotalMilliseconds,
                FirstTokenMs: end.FirstToken?.TotalMilliseconds, ErrorKind: end.ErrorKind, PromptTokens: end.Usage.PromptTokens, CompletionTokens: end.Usage.CompletionTokens));
            if (call % 10 == 0) await GiveAsync(id, "user", 1);
        }
        await record.FlushAsync(CancellationToken.None);
        var before = await HourAsync();
        var rebuild = new RebuildPerformance(db.Source, time);

        Assert.Null(await rebuild.RunAsync("hour", time.GetUtcNow(), CancellationToken.None)); // it is not over
        time.Advance(TimeSpan.FromHours(3));
        var rows = await rebuild.RunAsync("hour", time.GetUtcNow() - TimeSpan.FromHours(3), CancellationToken.None);

        Assert.Equal(2, rows);
        Assert.Equal(before, await HourAsync());
    }

    Task<FeedbackOutcome> GiveAsync(Guid selectionId, string source, decimal verdict) =>
        new GiveFeedback(db.Source, time).RunAsync(new NewFeedback(selectionId, source, verdict, "late", "token:tester"), CancellationToken.None);

    async Task<(string Start, long Verdicts, decimal Good, decimal Bad)> DayAsync()
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(string, long, decimal, decimal)>("""
            select to_char(window_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), verdicts, round(good, 3), round(bad, 3) from model_performance where window_kind = 'day'
            """);
    }

    /// <summary>All models of the hour together.</summary>
    async Task<string> HourAsync()
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<string>("""
            select concat_ws(' ', sum(requests), sum(successes), sum(failures), sum(cancelled), sum(latency_ms), sum(first_token_ms), sum(cost_usd), sum(prompt_tokens), sum(verdicts), sum(good),
                (select string_agg(concat(n, ':', c), ',' order by n) from (select n, sum(c) as c from model_performance, unnest(latency_counts) with ordinality as u (c, n) where window_kind = 'hour' group by n) s where c > 0))
            from model_performance where window_kind = 'hour'
            """) ?? "";
    }
}
