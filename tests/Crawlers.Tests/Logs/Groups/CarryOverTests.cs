using Crawlers.Logs.Counting;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Groups;
using Crawlers.Tests.Logs.Counting;
using Support;

namespace Crawlers.Tests.Logs.Groups;

/// <summary>Promise 6: the same error has the same fingerprint after an upgrade, too: the error that it belongs to stays.</summary>
public sealed class CarryOverTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
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

    [Fact]
    public async Task Rules_that_give_other_keys_tell_nobody_of_what_is_known_and_go_on_counting_it()
    {
        var lines = $"""
            {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} ERROR shop.Orders - order 17 was lost
            {time.GetUtcNow():yyyy-MM-dd HH:mm:ss} ERROR shop.Stock - no stock
            java.lang.IllegalStateException: empty
            	at shop.Stock.take(Stock.java:41)
            """;
        await crawl.LinesAsync(sourceId, lines);
        var carry = new CarryOver(db.Source, time);
        var before = new FingerprintEvent();
        string Next(string text) => "x2-" + before.Run(text).Key;

        Assert.Equal(2, await carry.RunAsync(2, Next, CancellationToken.None));
        Assert.Equal(0, await carry.RunAsync(2, Next, CancellationToken.None));
        Assert.Equal(0, await carry.RunAsync(CancellationToken.None)); // these rules are not newer
        await CommitAsync(Next("order 18 was lost"), "order <*> was lost");
        await CommitAsync(Next("something else"), "something else");

        Assert.Equal([("no stock", 1L, 1L), ("order <*> was lost", 2L, 2L), ("something else", 1L, 1L)],
            (await crawl.QueryAsync<(string, long, long)>("select coalesce(nullif(split_part(template, ' in ', 1), 'java.lang.IllegalStateException'), 'no stock'), count, fingerprints from error_groups order by 1")));
        Assert.Equal(3, await crawl.ScalarAsync<long>("select count(*) from log_findings"));
    }

    async Task CommitAsync(string key, string template)
    {
        var tally = new Tally(new Fingerprint(key, template, null, null, []), "shop", "") { Sample = template };
        tally.Add(time.GetUtcNow(), LogLevel.Error);
        var taken = (await crawl.Take.RunAsync(sourceId, CancellationToken.None))!;
        var counted = new Counted([tally], new Dictionary<string, byte[]?>(), new CrawlCounts(1, 1, 1, 1, 0, 0), tally.LastSeen);
        Assert.NotNull(await crawl.Commit.RunAsync(new CrawlCommit(sourceId, "test", taken.Epoch, TakeSource.Lease, new Dictionary<string, string?>(), counted, null, 0), CancellationToken.None));
    }
}
