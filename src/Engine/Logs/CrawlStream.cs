using System.Collections.Concurrent;
using Crawlers.Logs.Counting;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;
using Dapper;
using Npgsql;

namespace Engine.Logs;

/// <summary>Counts lines that come once, such as what is piped into a command. They have no position: sent again, they are counted again.</summary>
public sealed class CrawlStream(NpgsqlDataSource database, ListSources list, TakeSource take, CommitCrawl commit, KnownErrors known, FileFindings file, LogsMetrics metrics, LogsSettings settings, TimeProvider time)
{
    static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(50);

    readonly ConcurrentDictionary<string, bool> read = new(StringComparer.Ordinal); // by this process

    const string AddSql = """
        insert into log_sources (name, kind, settings, changed_at, changed_by) values (@name, 'stdin', '{}', @now, @actor) on conflict (name) do nothing
        """;

    /// <param name="name">Of a source of the kind stdin, which is made when there is none of that name.</param>
    public async Task<StreamCrawled> RunAsync(string name, Stream lines, SourceSettings given, string actor, CancellationToken ct)
    {
        if (!read.TryAdd(name, true)) return new StreamCrawled.Refused($"the source \"{name}\" is being read already: name another");
        try
        {
            return await ReadAsync(name, lines, given, actor, ct);
        }
        finally
        {
            read.TryRemove(name, out _);
        }
    }

    async Task<StreamCrawled> ReadAsync(string name, Stream lines, SourceSettings given, string actor, CancellationToken ct)
    {
        await using (var connection = await database.OpenConnectionAsync(ct))
            await connection.ExecuteAsync(new CommandDefinition(AddSql, new { name, now = time.GetUtcNow(), actor }, cancellationToken: ct));
        if (await list.FindAsync(name, ct) is not { Kind: "stdin" } source) return new StreamCrawled.Refused($"the source \"{name}\" is not of the kind stdin");
        if (await take.RunAsync(source.SourceId, ct) is not { Epoch: { } epoch } taken) return new StreamCrawled.Refused($"the source \"{name}\" is being read by another process");
        try
        {
            var reader = new StreamLogReader(lines, name, new LogLabels(given.Service, given.Release), time);
            await using var crawl = new CrawlSource(source.SourceId, name, taken with { Carries = new Dictionary<string, byte[]>() }, reader, given.Counting(settings.KeepEventsDays > 0), known, commit, time);
            var findings = 0;
            while (true)
            {
                var hasEnded = reader.IsEnded;
                var pass = hasEnded ? await crawl.EndAsync(ct) : await crawl.RunOnceAsync(ct);
                if (pass.IsLost) return new StreamCrawled.Refused($"the source \"{name}\" was taken by another process meanwhile");
                findings += pass.Findings;
                metrics.Committed(name, pass.Counts, pass.Findings);
                if (pass.Findings > 0) file.Wake();
                if (hasEnded && reader.Problem is { } problem) return new StreamCrawled.Refused($"{problem}; what came before is counted");
                if (hasEnded) break;
                if (!pass.IsBusy && !reader.IsEnded) await Task.Delay(Idle, time, ct);
            }
            var state = (await list.FindAsync(name, ct))!.State;
            var before = source.State;
            return new StreamCrawled.Done(state.Lines - before.Lines, state.Events - before.Events, state.Errors - before.Errors, state.DroppedErrors - before.DroppedErrors, state.DroppedBytes - before.DroppedBytes, findings);
        }
        finally
        {
            await take.LeaveAsync(source.SourceId, epoch, CancellationToken.None);
        }
    }
}

public abstract record StreamCrawled
{
    StreamCrawled() { } // closed: the kinds below are all there are

    public sealed record Done(long Lines, long Events, long Errors, long DroppedErrors, long DroppedBytes, int Findings) : StreamCrawled;

    public sealed record Refused(string Reason) : StreamCrawled;
}
