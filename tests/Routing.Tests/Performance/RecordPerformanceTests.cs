using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Catalog;
using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

public sealed class RecordPerformanceTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_call_counts_in_its_windows_by_the_time_it_was_asked_for()
    {
        using var record = Record(db.Source);
        var asked = time.GetUtcNow() - TimeSpan.FromMinutes(7); // 11:53, the window of 11:50
        record.Add("openrouter", "a/small", "normal", asked, Calls.Succeeded(800, 0.001m, 200, new TokenUsage(100, 50, 30, 5, 2, 10)));
        record.Add("openrouter", "a/small", "normal", asked, Calls.Failed("rate_limited"));
        await record.FlushAsync(CancellationToken.None);
        record.Add("openrouter", "a/small", "normal", asked, Calls.Failed("Rate limited!", 0.000000000375m));
        record.Add("openrouter", "a/small", "normal", asked, Calls.Cancelled());
        record.AddCost("openrouter", "a/small", "normal", asked, -0.0002m);
        await record.FlushAsync(CancellationToken.None);

        await using var connection = await db.Reader.OpenConnectionAsync();
        var rows = (await connection.QueryAsync("select * from v_model_performance order by window_kind desc")).AsList();

        Assert.Equal(["hour 11:00", "five_minutes 11:50", "day 00:00"], rows.Select(r => $"{r.window_kind} {r.window_start:HH:mm}"));
        foreach (var row in rows)
        {
            Assert.Equal((4L, 1L, 2L, 1L), ((long)row.requests, (long)row.successes, (long)row.failures, (long)row.cancelled));
            Assert.Equal(("""{"other": 1, "rate_limited": 1}""", 0.001300000375m), ((string)row.error_kinds, (decimal)row.cost_usd));
            Assert.Equal((100L, 50L, 30L, 7L, 10L), ((long)row.prompt_tokens, (long)row.completion_tokens, (long)row.cached_tokens, (long)row.cache_write_tokens, (long)row.reasoning_tokens));
            Assert.Equal(1 / 3.0, (double)row.success_share, 6);
            Assert.Equal(800.0, (double)row.latency_mean_ms);
            Assert.InRange((double)row.latency_p50_ms, 740, 860);
            Assert.InRange((double)row.first_token_p95_ms, 185, 215);
        }
    }

    [Fact]
    public async Task Nothing_new_writes_nothing()
    {
        using var record = Record(db.Source);

        Assert.Equal(0, await record.FlushAsync(CancellationToken.None));
        record.Add("p", "m", "", time.GetUtcNow(), Calls.Succeeded());
        Assert.Equal(3, await record.FlushAsync(CancellationToken.None));
        Assert.Equal(0, await record.FlushAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Names_that_no_table_holds_do_not_keep_the_others_from_being_written()
    {
        using var record = Record(db.Source);
        record.Add("", "nul\0", new string('p', 5000), time.GetUtcNow(), Calls.Succeeded());
        record.Add("openrouter", "a/small", "normal", time.GetUtcNow(), Calls.Succeeded());

        await record.FlushAsync(CancellationToken.None);

        Assert.Equal(2, await SumAsync("count(*) filter (where window_kind = 'day')"));
    }

    [Fact]
    public async Task A_flush_that_fails_keeps_what_it_had_and_a_stop_writes_it()
    {
        var broken = new NpgsqlConnectionStringBuilder(db.EngineConnectionString) { Database = "absent" };
        await using var nowhere = NpgsqlDataSource.Create(broken.ConnectionString);
        using var lost = Record(nowhere);
        lost.Add("p", "m", "", time.GetUtcNow(), Calls.Succeeded());
        await Assert.ThrowsAsync<PostgresException>(() => lost.FlushAsync(CancellationToken.None));
        await Assert.ThrowsAsync<PostgresException>(() => lost.FlushAsync(CancellationToken.None));

        using var record = Record(db.Source);
        using var keep = new KeepPerformance(record, time, NullLogger<KeepPerformance>.Instance);
        await keep.StartAsync(CancellationToken.None);
        record.Add("p", "m", "", time.GetUtcNow(), Calls.Succeeded());
        await keep.StopAsync(CancellationToken.None);

        Assert.Equal(1, await SumAsync("sum(requests) filter (where window_kind = 'day')"));
    }

    [Fact]
    public async Task A_batch_whose_answer_was_lost_counts_once()
    {
        using var record = Record(db.Source);
        record.Add("p", "m", "", time.GetUtcNow(), Calls.Succeeded());
        await record.FlushAsync(CancellationToken.None);
        await using var connection = await db.Source.OpenConnectionAsync();
        var (writerId, batch) = await connection.QuerySingleAsync<(Guid, long)>("select writer_id, batch from model_performance_writers");
        var sums = new CallSums();
        sums.Add(Calls.Succeeded());
        KeyValuePair<WindowKey, CallSums>[] rows = [new(new WindowKey("day", PerformanceWindow.Start("day", time.GetUtcNow()), "p", "m", ""), sums)];

        await WritePerformance.RunAsync(connection, writerId, batch, time.GetUtcNow(), rows, CancellationToken.None); // the same batch again
        await WritePerformance.RunAsync(connection, writerId, batch + 1, time.GetUtcNow(), rows, CancellationToken.None);

        Assert.Equal(2, await SumAsync("sum(requests) filter (where window_kind = 'day')"));
    }

    [Fact]
    public async Task Processes_that_write_at_the_same_time_neither_block_each_other_for_good_nor_lose_a_call()
    {
        const int Processes = 4, Rounds = 15, CallsARound = 60;
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(process => Task.Run(async () =>
        {
            await using var source = NpgsqlDataSource.Create(db.EngineConnectionString);
            using var record = Record(source);
            var random = new Random(process);
            for (var round = 0; round < Rounds; round++)
            {
                for (var call = 0; call < CallsARound; call++) AddRandom(record, random);
                await record.FlushAsync(CancellationToken.None);
            }
        })));

        await ExpectAllAsync(Processes * Rounds * CallsARound);
    }

    [Fact]
    public async Task A_database_that_dies_over_and_over_loses_no_call_and_counts_none_twice()
    {
        var outage = db.InterruptAsync(TimeSpan.FromSeconds(3));
        var failed = 0;
        var added = await Task.WhenAll(Enumerable.Range(0, 2).Select(process => Task.Run(async () =>
        {
            await using var source = NpgsqlDataSource.Create(db.EngineConnectionString);
            using var record = Record(source);
            var random = new Random(process);
            var calls = 0;
            for (var isLast = false; ; isLast = outage.IsCompleted)
            {
                if (!isLast) for (var call = 0; call < 20; call++, calls++) AddRandom(record, random);
                try
                {
                    await record.FlushAsync(CancellationToken.None);
                    if (isLast) return calls;
                }
                catch (NpgsqlException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        })));
        await outage;
        db.Owner.Clear(); // its connections were ended too

        Assert.NotEqual(0, failed);
        await ExpectAllAsync(added.Sum());
    }

    [Fact]
    public async Task Windows_that_have_served_their_time_are_deleted_in_batches()
    {
        using var record = Record(db.Source);
        foreach (var days in new[] { 0, 6, 8, 89, 91, 4000 })
            record.Add("p", $"m{days}", "", time.GetUtcNow() - TimeSpan.FromDays(days), Calls.Succeeded());
        await record.FlushAsync(CancellationToken.None);

        var deleted = await new PrunePerformance(db.Source, time) { BatchRows = 2 }.RunAsync(CancellationToken.None);

        Assert.Equal(4 + 2, deleted);
        Assert.Equal((2, 4, 6), (await SumAsync("count(*) filter (where window_kind = 'five_minutes')"), await SumAsync("count(*) filter (where window_kind = 'hour')"), await SumAsync("count(*) filter (where window_kind = 'day')")));
        Assert.Equal(1, await SumAsync("(select count(*) from model_performance_writers)"));
    }

    void AddRandom(RecordPerformance record, Random random) => record.Add("p", $"m{random.Next(12)}", $"q{random.Next(3)}", time.GetUtcNow() - TimeSpan.FromMinutes(random.Next(20)),
        random.Next(4) switch { 0 => Calls.Failed($"kind_{random.Next(5)}"), 1 => Calls.Cancelled(), _ => Calls.Succeeded(random.Next(5000), 0.000000001m, random.Next(500)) });

    async Task ExpectAllAsync(long calls)
    {
        foreach (var kind in PerformanceWindow.Kinds)
        {
            Assert.Equal(calls, await SumAsync($"sum(requests) filter (where window_kind = '{kind}')"));
            Assert.Equal(0, await SumAsync($"sum(successes - coalesce((select sum(c) from unnest(latency_counts) c), 0)) filter (where window_kind = '{kind}')"));
            Assert.Equal(0, await SumAsync($"sum(failures - coalesce((select sum(value::bigint) from jsonb_each_text(error_kinds)), 0)) filter (where window_kind = '{kind}')"));
        }
    }

    async Task<long> SumAsync(string what)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>($"select coalesce({what}, 0)::bigint from model_performance");
    }

    RecordPerformance Record(NpgsqlDataSource source) => new(source, time, Calls.Metrics());
}
