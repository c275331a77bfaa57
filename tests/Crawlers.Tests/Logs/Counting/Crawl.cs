using System.Text;
using Crawlers.Logs.Counting;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;
using Dapper;
using Support;

namespace Crawlers.Tests.Logs.Counting;

/// <summary>Crawls of given lines into a real database.</summary>
sealed class Crawl(TestDatabase db, ManualTime time)
{
    public KnownErrors Known { get; set; } = new(time);

    public LearnGroups Learn { get; set; } = new(db.Source);

    public TakeSource Take { get; } = new(db.Source, time);

    public CommitCrawl Commit => new(db.Source, time, Learn);

    public async Task<int> AddSourceAsync(string name = "test", string kind = "files")
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<int>("insert into log_sources (name, kind, settings, changed_at, changed_by) values (@name, @kind, '{}', @now, 'test') returning source_id", new { name, kind, now = time.GetUtcNow() });
    }

    /// <summary>Reads all lines as a stream of one service, to their end.</summary>
    public async Task<int> LinesAsync(int sourceId, string lines, string service = "shop", string? release = null, CountSettings? settings = null)
    {
        var taken = (await Take.RunAsync(sourceId, CancellationToken.None))!;
        var reader = new StreamLogReader(new MemoryStream(Encoding.UTF8.GetBytes(lines)), "stdin", new LogLabels(service, release), time);
        await using var crawl = new CrawlSource(sourceId, "test", taken, reader, settings ?? new CountSettings(), Known, Commit, time);
        var findings = 0;
        while (!reader.IsEnded) findings += Checked(await crawl.RunOnceAsync(CancellationToken.None)).Findings;
        return findings + Checked(await crawl.EndAsync(CancellationToken.None)).Findings;
    }

    static CrawlPass Checked(CrawlPass pass)
    {
        Assert.False(pass.IsLost);
        return pass;
    }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<T>(sql, parameters)];
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }
}
