using Crawlers.Logs.Counting;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;
using Support;

namespace Crawlers.Tests.Logs.Counting;

/// <summary>Promise 5: cursor, counts and findings move in one transaction.</summary>
public sealed class CommitTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();
    Crawl crawl = null!;
    int sourceId;

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        crawl = new Crawl(db, time);
        await crawl.ExecuteAsync("insert into log_rules (name, kind, threshold, span, cooldown, priority, changed_at, changed_by) values ('new', 'new', 1, '5 minutes', '30 minutes', 'high', now(), 'test')");
        sourceId = await crawl.AddSourceAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    string At(int seconds) => time.GetUtcNow().AddSeconds(seconds).ToString("yyyy-MM-dd HH:mm:ss");

    [Fact]
    public async Task Errors_are_counted_by_fingerprint_with_samples_minutes_and_origins()
    {
        var lines = $"""
            {At(-120)} INFO shop.Orders - order 17 came
            {At(-119)} ERROR shop.Orders - order 17 was lost
            {At(-59)} ERROR shop.Orders - order 18 was lost
            {At(-58)} ERROR shop.Stock - no stock of article 5
            """;

        Assert.Equal(2, await crawl.LinesAsync(sourceId, lines, release: "1.4"));

        var groups = await crawl.QueryAsync<(string Template, long Count, DateTimeOffset First, DateTimeOffset Last, string Level)>("select template, count, first_seen, last_seen, level from error_groups order by count");
        Assert.Equal([("no stock of article <*>", 1), ("order <*> was lost", 2)], groups.Select(g => (g.Template, g.Count)));
        Assert.Equal(TimeSpan.FromSeconds(60), groups[1].Last - groups[1].First);
        Assert.Equal(6, await crawl.ScalarAsync<long>("select sum(count) from error_counts where span = 'minute'") + await crawl.ScalarAsync<long>("select sum(count) from error_counts where span = 'day'"));
        Assert.Equal([("shop", "1.4", 3)], await crawl.QueryAsync<(string, string, long)>("select service, release, sum(count)::bigint from error_origins group by 1, 2"));
        Assert.Contains($"{At(-119)} ERROR shop.Orders - order 17 was lost", await crawl.QueryAsync<string>("select text from error_samples"));
        Assert.Equal((4, 4, 3, 0), (await crawl.QueryAsync<(long, long, long, long)>("select lines, events, errors, dropped_errors from v_crawl_health where name = 'test'"))[0]);
    }

    [Fact]
    public async Task Whoever_lost_the_source_changes_nothing()
    {
        var old = (await crawl.Take.RunAsync(sourceId, CancellationToken.None))!;
        await crawl.Take.RunAsync(sourceId, CancellationToken.None);

        var count = new CountEvents(new CountSettings(), crawl.Known, time);
        count.Add(new LogChunk("a", "ERROR it broke\n"u8.ToArray(), new(), time.GetUtcNow()));
        count.Flush();
        var committed = await crawl.Commit.RunAsync(new CrawlCommit(sourceId, "test", old.Epoch, TakeSource.Lease, new Dictionary<string, string?> { ["a"] = "{}" }, count.Take(), null, 0), CancellationToken.None);

        Assert.Null(committed);
        Assert.Equal(0, await crawl.ScalarAsync<long>("select count(*) from error_fingerprints") + await crawl.ScalarAsync<long>("select count(*) from log_positions"));
    }

    [Fact]
    public async Task A_source_that_another_process_has_is_not_taken_until_its_lease_is_over_or_the_process_is_gone()
    {
        await crawl.Take.RunAsync(sourceId, CancellationToken.None);
        await crawl.ExecuteAsync("update log_crawls set holder = 'elsewhere/1/2'");

        Assert.Null(await crawl.Take.RunAsync(sourceId, CancellationToken.None));
        time.Advance(TakeSource.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await crawl.Take.RunAsync(sourceId, CancellationToken.None))!.Epoch);
        await crawl.ExecuteAsync("update log_crawls set holder = @gone", new { gone = $"{Environment.MachineName}/{int.MaxValue}/17" });
        Assert.Equal(3, (await crawl.Take.RunAsync(sourceId, CancellationToken.None))!.Epoch);
    }

    [Fact]
    public async Task Of_a_flood_of_different_errors_no_more_are_stored_than_the_burst_and_all_are_counted()
    {
        var known = crawl.Known;
        for (var i = 0; i < KnownErrors.Burst - 3; i++) Assert.True(known.Admit($"m1-{i:x32}"));

        await crawl.LinesAsync(sourceId, string.Join('\n', "alpha bravo charlie delta echo foxtrot golf hotel".Split(' ').Select(w => $"{At(0)} ERROR {w} {w}{w} has {w} no {w}")));

        Assert.Equal((8, 5), (await crawl.QueryAsync<(long, long)>("select errors, dropped_errors from log_crawls"))[0]);
        Assert.Equal(3, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));
        time.Advance(TimeSpan.FromMinutes(1));
        await crawl.LinesAsync(sourceId, $"{At(0)} ERROR golf golfgolf has golf no golf");
        Assert.Equal(4, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));
    }

    [Fact]
    public async Task An_error_that_is_a_known_one_with_other_words_joins_its_group_and_is_not_told()
    {
        var names = "alice bob carol dave erin frank grace heidi".Split(' ');
        await crawl.LinesAsync(sourceId, string.Join('\n', names.Take(2).Select(n => $"{At(0)} ERROR login of user {n} was refused by the server")));
        var before = await crawl.ScalarAsync<long>("select count(*) from log_findings");

        await crawl.LinesAsync(sourceId, string.Join('\n', names.Skip(2).Select(n => $"{At(1)} ERROR login of user {n} was refused by the server")));

        Assert.Equal(before, await crawl.ScalarAsync<long>("select count(*) from log_findings"));
        Assert.Equal((8, 8), (await crawl.QueryAsync<(long, long)>("select count, fingerprints from error_groups"))[0]);
        Assert.Equal(7, await crawl.ScalarAsync<long>("select count(*) from error_aliases where kind = 'learned' and reason like '%different words%'"));
    }

    [Fact]
    public async Task What_another_process_has_learned_is_read_and_goes_on()
    {
        await An_error_that_is_a_known_one_with_other_words_joins_its_group_and_is_not_told();
        crawl.Learn = new LearnGroups(db.Source);
        await crawl.Learn.ReadAsync(CancellationToken.None);

        await crawl.LinesAsync(sourceId, $"{At(2)} ERROR login of user zoe was refused by the server");

        Assert.Equal((9, 9), (await crawl.QueryAsync<(long, long)>("select count, fingerprints from error_groups"))[0]);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_kept_as_data()
    {
        await crawl.LinesAsync(sourceId, $"{At(0)} ERROR a \0 b \u0001 ignore all instructions \u001b[2J\u202e");

        Assert.Contains("\u2400", await crawl.ScalarAsync<string>("select text from error_samples"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-03-01 09:00:00 +1399 ERROR odd offset")]
    [InlineData("0001-01-01 00:00:00 +0200 ERROR before all years")]
    [InlineData("9999-12-31 23:59:59 -1400 ERROR after all years")]
    public async Task A_time_that_is_none_stops_no_source(string line)
    {
        await crawl.LinesAsync(sourceId, line, settings: new CountSettings { Zone = TimeSpan.FromHours(2) });

        Assert.Equal(1, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));
    }

    [Fact]
    public async Task Texts_that_are_cut_in_a_character_and_names_with_zeros_and_halves_of_characters_are_stored()
    {
        var emoji = string.Concat(Enumerable.Repeat("\U0001F525", 300));
        await crawl.LinesAsync(sourceId, $"{At(0)} ERROR x{emoji}\n{At(0)} ERROR {emoji}", service: $"a\0b\ud83d{new string('c', 300)}1", release: $"{emoji}");
        await crawl.LinesAsync(sourceId, $"{At(0)} ERROR {emoji}", service: $"a\0b\ud83d{new string('c', 300)}2", release: $"{emoji}");

        Assert.Equal(3, await crawl.ScalarAsync<long>("select sum(count) from error_origins"));
        Assert.Equal(2, await crawl.ScalarAsync<long>("select count(*) from log_findings"));
    }

    [Fact]
    public async Task Events_that_were_open_when_a_crawl_ended_count_for_the_service_they_came_from()
    {
        var count = new CountEvents(new CountSettings { Service = "default" }, crawl.Known, time);
        count.Add(new LogChunk("a", System.Text.Encoding.UTF8.GetBytes($"{At(0)} ERROR it broke\n"), new("shop", "1.4"), time.GetUtcNow()));
        var carry = count.Take().Carries["a"]!;

        var next = new CountEvents(new CountSettings { Service = "default" }, crawl.Known, time);
        next.Restore("a", carry);
        time.Advance(TimeSpan.FromSeconds(3));
        next.FlushSilent();

        var tally = Assert.Single(next.Take().Tallies);
        Assert.Equal(("shop", "1.4", 1L), (tally.Service, tally.Release, tally.Count));
    }

    [Fact]
    public async Task A_crawl_of_a_month_of_one_error_asks_of_its_newest_minutes_alone()
    {
        await crawl.LinesAsync(sourceId, $"{At(0)} ERROR pump 1 leaks");
        var month = string.Concat(Enumerable.Range(0, 30 * 24 * 60).Select(m => $"{time.GetUtcNow().AddMinutes(-m):yyyy-MM-dd HH:mm:ss} ERROR pump 2 leaks\n"));

        await crawl.LinesAsync(sourceId, month);

        Assert.Equal((30 * 24 * 60) + 1, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));
    }

    [Fact]
    public async Task Texts_of_errors_are_kept_redacted_where_that_is_set()
    {
        var lines = $"{At(0)} ERROR login of ann@example.com failed\n{At(1)} ERROR login of bob@example.com failed\n{At(1)} INFO fine";

        await crawl.LinesAsync(sourceId, lines);
        Assert.Equal(0, await crawl.ScalarAsync<long>("select count(*) from error_events"));
        await crawl.LinesAsync(sourceId, lines, settings: new CountSettings { KeepsEvents = true });

        Assert.Equal([$"{At(0)} ERROR login of [redacted:mail] failed", $"{At(1)} ERROR login of [redacted:mail] failed"], await crawl.QueryAsync<string>("select text from error_events order by at"));
    }

    [Fact]
    public async Task A_request_that_a_sender_repeats_to_another_engine_is_counted_once_and_acknowledged_in_the_end()
    {
        var shared = await crawl.AddSourceAsync("otlp", "otlp");
        var line = System.Text.Encoding.UTF8.GetBytes($$"""{"severityNumber":17,"body":"the mast is broken","timeUnixNano":"{{time.GetUtcNow().ToUnixTimeSeconds()}}000000000"}""" + "\n");
        var (first, second) = (await BeginAsync(), await BeginAsync());

        await first.Crawl.RunOnceAsync(CancellationToken.None);
        await Assert.ThrowsAsync<IOException>(() => second.Crawl.RunOnceAsync(CancellationToken.None)); // its engine begins anew, and the sender tries again
        await second.Crawl.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => second.Export.Stored.Task);
        var third = await BeginAsync();
        await third.Crawl.RunOnceAsync(CancellationToken.None);

        await first.Export.Stored.Task;
        await third.Export.Stored.Task;
        Assert.Equal(1, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));

        async Task<(CrawlSource Crawl, OtlpExport Export)> BeginAsync()
        {
            var taken = await crawl.Take.ShareAsync(shared, CancellationToken.None);
            var (inbox, export) = (new OtlpInbox(), new OtlpExport("the same", [new("r", line, new("ship"), time.GetUtcNow())]));
            Assert.True(inbox.TryAdd(export));
            return (new CrawlSource(shared, "otlp", taken, new OtlpReader(inbox, taken.Positions, time), new CountSettings(), crawl.Known, crawl.Commit, time), export);
        }
    }
}
