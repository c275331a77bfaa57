using Crawlers.Logs.Counting;
using Crawlers.Logs.Sources;
using Crawlers.Tests.Logs.Counting;
using Support;

namespace Crawlers.Tests.Logs.Alerts;

/// <summary>One finding for each real problem, by rules that are rows.</summary>
public sealed class AlertTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();
    Crawl crawl = null!;
    int sourceId;

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        crawl = new Crawl(db, time);
        await crawl.ExecuteAsync("""
            insert into log_rules (name, kind, threshold, span, cooldown, priority, changed_at, changed_by)
            select k, k, n, s::interval, interval '30 minutes', p, now(), 'test' from (values
                ('new', 1, '5 minutes', 'high'), ('spike', 10, '1 hour', 'normal'), ('sustained', 5, '5 minutes', 'normal'),
                ('critical', 1, '1 minute', 'critical'), ('regression', 1, '5 minutes', 'high'), ('storm', 50, '5 minutes', 'high')) r(k, n, s, p)
            """);
        sourceId = await crawl.AddSourceAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    string Lines(int count, string text = "ERROR shop.Orders - order {0} was lost", TimeSpan ago = default) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"{time.GetUtcNow() - ago:yyyy-MM-dd HH:mm:ss} {text.Replace("{0}", $"{i}", StringComparison.Ordinal)}\n"));

    Task<IReadOnlyList<(string Kind, string Priority, long Count)>> FindingsAsync() => crawl.QueryAsync<(string, string, long)>("select kind, priority, count from log_findings order by found_at, kind");

    [Fact]
    public async Task What_was_never_seen_is_told_once()
    {
        await crawl.LinesAsync(sourceId, Lines(3));
        await crawl.LinesAsync(sourceId, Lines(3));
        time.Advance(TimeSpan.FromHours(1));
        await crawl.LinesAsync(sourceId, Lines(3));

        Assert.Equal([("new", "high", 3)], await FindingsAsync());
    }

    [Fact]
    public async Task More_than_ten_in_a_minute_and_more_than_three_times_the_mean_is_a_spike_told_again_only_after_the_cooldown()
    {
        await crawl.LinesAsync(sourceId, Lines(1));
        time.Advance(TimeSpan.FromMinutes(10));
        await crawl.LinesAsync(sourceId, Lines(10));
        Assert.Equal(0, await crawl.ScalarAsync<long>("select count(*) from log_findings where kind = 'spike'"));

        await crawl.LinesAsync(sourceId, Lines(1)); // the eleventh of the same minute, read by itself
        await crawl.LinesAsync(sourceId, Lines(30));
        time.Advance(TimeSpan.FromMinutes(29));
        await crawl.LinesAsync(sourceId, Lines(30));
        Assert.Equal([("new", "high", 1), ("spike", "normal", 12)], await FindingsAsync());

        time.Advance(TimeSpan.FromMinutes(2));
        await crawl.LinesAsync(sourceId, Lines(30));
        Assert.Equal(3, (await FindingsAsync()).Count);
        Assert.Contains("after", await crawl.ScalarAsync<string>("select reason from log_findings where kind = 'spike' limit 1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_error_that_is_as_busy_as_before_is_no_spike()
    {
        await crawl.LinesAsync(sourceId, Lines(1, ago: TimeSpan.FromHours(2)));
        await crawl.LinesAsync(sourceId, string.Concat(Enumerable.Range(1, 60).Select(m => Lines(20, ago: TimeSpan.FromMinutes(m)))));
        await crawl.ExecuteAsync("delete from log_findings; delete from error_alerts");

        await crawl.LinesAsync(sourceId, Lines(20));
        Assert.DoesNotContain("spike", (await FindingsAsync()).Select(f => f.Kind));
        await crawl.LinesAsync(sourceId, Lines(50));
        Assert.Contains("spike", (await FindingsAsync()).Select(f => f.Kind));
    }

    [Fact]
    public async Task What_lasts_for_five_minutes_is_told_and_five_short_of_it_is_not()
    {
        for (var minute = 0; minute < 6; minute++)
        {
            await crawl.LinesAsync(sourceId, Lines(1));
            Assert.Equal(["new"], (await FindingsAsync()).Select(f => f.Kind));
            time.Advance(TimeSpan.FromMinutes(1));
        }

        await crawl.LinesAsync(sourceId, Lines(1));

        Assert.Equal(["new", "sustained"], (await FindingsAsync()).Select(f => f.Kind));
    }

    [Fact]
    public async Task Critical_comes_first_though_it_is_new()
    {
        await crawl.LinesAsync(sourceId, Lines(1, "FATAL shop.Db - data file is broken"));

        Assert.Equal([("critical", "critical", 1)], await FindingsAsync());
    }

    [Fact]
    public async Task What_was_resolved_and_comes_again_is_a_regression_and_open_again()
    {
        await crawl.LinesAsync(sourceId, Lines(1), release: "1.0");
        await crawl.ExecuteAsync("update error_fingerprints set resolved_at = @now, resolved_by = 'ann'", new { now = time.GetUtcNow() });
        time.Advance(TimeSpan.FromSeconds(30));
        await crawl.LinesAsync(sourceId, Lines(1), release: "1.0");
        Assert.Single(await FindingsAsync()); // was on its way

        time.Advance(TimeSpan.FromMinutes(5));
        await crawl.LinesAsync(sourceId, Lines(1), release: "1.0");

        Assert.Equal([("new", "high", 1), ("regression", "high", 3)], await FindingsAsync());
        Assert.Equal("open", await crawl.ScalarAsync<string>("select state from error_groups"));
    }

    [Fact]
    public async Task What_is_back_in_the_cooldown_is_told_of_after_it()
    {
        await crawl.LinesAsync(sourceId, Lines(1));
        for (var round = 0; round < 2; round++)
        {
            await crawl.ExecuteAsync("update error_fingerprints set resolved_at = @now, resolved_by = 'ann'", new { now = time.GetUtcNow() });
            time.Advance(TimeSpan.FromMinutes(10));
            await crawl.LinesAsync(sourceId, Lines(1));
        }
        Assert.Equal(["new", "regression"], (await FindingsAsync()).Select(f => f.Kind));
        Assert.Equal("resolved", await crawl.ScalarAsync<string>("select state from error_groups"));

        time.Advance(TimeSpan.FromMinutes(21));
        await crawl.LinesAsync(sourceId, Lines(1));

        Assert.Equal(["new", "regression", "regression"], (await FindingsAsync()).Select(f => f.Kind));
    }

    [Fact]
    public async Task An_error_that_is_resolved_in_a_release_is_back_only_from_a_release_that_did_not_have_it()
    {
        await crawl.LinesAsync(sourceId, Lines(1), release: "1.0");
        await crawl.ExecuteAsync("update error_fingerprints set resolved_at = @now, resolved_by = 'ann', resolved_in = '1.1'", new { now = time.GetUtcNow() });
        time.Advance(TimeSpan.FromMinutes(5));
        await crawl.LinesAsync(sourceId, Lines(1), release: "1.0"); // an old replica
        Assert.Single(await FindingsAsync());

        await crawl.LinesAsync(sourceId, Lines(1), release: "1.1");

        Assert.Equal("regression", (await FindingsAsync())[1].Kind);
    }

    [Fact]
    public async Task Fifty_new_errors_of_one_service_are_one_finding_with_the_list_and_what_follows_is_added()
    {
        await crawl.LinesAsync(sourceId, Storm(0, 80));
        await crawl.LinesAsync(sourceId, Storm(80, 20));

        Assert.Equal(["storm"], (await FindingsAsync()).Select(f => f.Kind));
        Assert.Equal(100, await crawl.ScalarAsync<long>("select count(*) from log_storm_members"));
        Assert.Equal(100, (await FindingsAsync())[0].Count);
    }

    [Fact]
    public async Task Fifty_new_critical_errors_are_one_critical_storm()
    {
        await crawl.LinesAsync(sourceId, Storm(0, 80).Replace("ERROR", "FATAL", StringComparison.Ordinal));

        Assert.Equal([("storm", "critical", 80)], await FindingsAsync());
    }

    [Fact]
    public async Task A_rule_of_a_service_sees_an_error_that_others_have_too()
    {
        await crawl.ExecuteAsync("delete from log_rules; insert into log_rules (name, kind, threshold, span, cooldown, priority, service, changed_at, changed_by) values ('pay', 'new', 1, '10 minutes', '0', 'low', 'pay', now(), 'test')");
        var count = new CountEvents(new CountSettings(), crawl.Known, time);
        foreach (var service in new[] { "shop", "pay" }) count.Add(new LogChunk(service, System.Text.Encoding.UTF8.GetBytes(Lines(1)), new(service), time.GetUtcNow(), IsEnded: true));

        var taken = (await crawl.Take.RunAsync(sourceId, CancellationToken.None))!;
        await crawl.Commit.RunAsync(new CrawlCommit(sourceId, "test", taken.Epoch, TakeSource.Lease, new Dictionary<string, string?>(), count.Take(), null, 0), CancellationToken.None);

        Assert.Equal("new", Assert.Single(await FindingsAsync()).Kind);
    }

    [Fact]
    public async Task New_errors_of_other_services_are_told_by_themselves_during_a_storm()
    {
        await crawl.LinesAsync(sourceId, Storm(0, 60));
        await crawl.LinesAsync(sourceId, Lines(1), service: "billing");

        Assert.Equal(["new", "storm"], (await FindingsAsync()).Select(f => f.Kind));
    }

    [Fact]
    public async Task A_muted_error_is_counted_and_not_told_until_the_date()
    {
        await crawl.LinesAsync(sourceId, Lines(1));
        await crawl.ExecuteAsync("insert into error_mutes (group_key, until, reason, made_at, made_by) select fingerprint, @until, 'known', @now, 'ann' from error_fingerprints", new { now = time.GetUtcNow(), until = time.GetUtcNow().AddHours(1) });
        time.Advance(TimeSpan.FromMinutes(10));
        await crawl.LinesAsync(sourceId, Lines(100));
        Assert.Single(await FindingsAsync());

        time.Advance(TimeSpan.FromMinutes(61));
        await crawl.LinesAsync(sourceId, Lines(100));

        Assert.Equal("spike", (await FindingsAsync())[1].Kind);
        Assert.Equal(201, await crawl.ScalarAsync<long>("select count from error_groups"));
    }

    [Fact]
    public async Task A_rule_of_ones_own_counts_over_its_span_for_its_service()
    {
        await crawl.ExecuteAsync("delete from log_rules; insert into log_rules (name, kind, threshold, span, cooldown, priority, service, changed_at, changed_by) values ('payments', 'rate', 3, '10 minutes', '0', 'low', 'pay', now(), 'test')");
        for (var i = 0; i < 3; i++)
        {
            await crawl.LinesAsync(sourceId, Lines(1), service: "pay");
            await crawl.LinesAsync(sourceId, Lines(5, "ERROR shop - cart {0} is empty"), service: "shop");
            time.Advance(TimeSpan.FromMinutes(4));
        }

        Assert.Equal([("rate", "low", 3)], await FindingsAsync());
    }

    [Fact]
    public async Task Two_crawls_that_see_the_same_new_error_at_once_tell_it_once()
    {
        var second = new Crawl(db, time);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () => await (i % 2 == 0 ? crawl : second).LinesAsync(await crawl.AddSourceAsync($"s{i}"), Lines(2, $"ERROR part{i / 4} of the job was {(char)('a' + (i / 4))}xyz")))));

        Assert.Equal(40, await crawl.ScalarAsync<long>("select sum(count) from error_fingerprints"));
        Assert.Equal(await crawl.ScalarAsync<long>("select count(*) from error_groups"), await crawl.ScalarAsync<long>("select count(*) from log_findings where kind = 'new'"));
    }

    // Words of letters alone, so that no mask makes them one.
    string Storm(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(i => Lines(1, $"ERROR {Word(i)} {Word(i * 7)} broke in {Word(i * 13)} {Word(i * 3)}")));

    static string Word(int i) => string.Concat($"{i:D5}".Select(d => (char)('a' + (d - '0')))) + "ing";
}
