using System.Text.Json;
using Dapper;
using Engine.Tasks;
using Engine.Workers;
using Npgsql;

namespace Engine.Logs;

/// <summary>
/// Files a task for each finding that has none: at once when this process wrote it, within seconds when another did and died. While a task about the same
/// error is open, a further finding belongs to that.
/// </summary>
public sealed class FileFindings(NpgsqlDataSource database, FileTasks fileTasks, CloseFindings close, RecordMove record, TimeProvider time, ILogger<FileFindings> log) : BackgroundService
{
    const int AtOnce = 50, MostSamples = 3, MostMembers = 200, MostSampleLength = 4000, MostTemplateLength = 300;
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5), AfterFailure = TimeSpan.FromSeconds(1);

    const string UnfiledSql = """
        select finding_id, kind, group_key, priority, title, reason, service, release, first_seen, last_seen, count, found_at
        from log_findings where task_id is null order by found_at, finding_id limit @AtOnce for update skip locked
        """;

    const string SamplesSql = """
        select g.group_key, s.text from unnest(@groups) g(group_key)
        cross join lateral (
            select s.text from error_fingerprints f join error_samples s using (fingerprint) where f.group_key = g.group_key order by s.at desc, s.slot limit @MostSamples
        ) s
        """;

    const string MembersSql = """
        select n.finding_id, m.fingerprint, m.template, m.count from unnest(@findings) n(finding_id)
        cross join lateral (
            select m.group_key as fingerprint, r.template, sum(f.count)::bigint as count
            from log_storm_members m join error_fingerprints r on r.fingerprint = m.group_key join error_fingerprints f on f.group_key = m.group_key
            where m.finding_id = n.finding_id group by m.group_key, r.template order by count desc, m.group_key limit @MostMembers
        ) m
        """;

    const string FiledSql = "update log_findings f set task_id = n.task_id, filed_at = @now from unnest(@findings, @tasks) n(finding_id, task_id) where f.finding_id = n.finding_id";

    readonly AsyncSignal signal = new();
    bool isFailing;

    /// <summary>There is something to file.</summary>
    public void Wake() => signal.Set();

    /// <returns>How many findings were filed.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var findings = (await connection.QueryAsync<Finding>(new CommandDefinition(UnfiledSql, new { AtOnce }, transaction, cancellationToken: ct))).ToList();
        if (findings.Count == 0) return 0;
        var samples = (await connection.QueryAsync<(string Group, string Text)>(new CommandDefinition(SamplesSql, new { MostSamples, groups = findings.Select(f => f.GroupKey).Distinct().ToArray() }, transaction, cancellationToken: ct))).ToLookup(s => s.Group, s => s.Text);
        var members = (await connection.QueryAsync<Member>(new CommandDefinition(MembersSql, new { MostMembers, findings = findings.Where(f => f.Kind == "storm").Select(f => f.FindingId).ToArray() }, transaction, cancellationToken: ct))).ToLookup(m => m.FindingId);
        var tasks = findings.ConvertAll(f => TaskOf(f, [.. samples[f.GroupKey].Select(t => Shown(t, MostSampleLength))], [.. members[f.FindingId].Select(m => new StormMember(m.Fingerprint, Shown(m.Template, MostTemplateLength), m.Count))]));
        var filing = await fileTasks.RunAsync(connection, transaction, tasks, "logs", ct);
        if (filing is not Filing.Done done)
        {
            log.FindingRefused(findings[0].FindingId, ((Filing.Refused)filing).Reason);
            return 0;
        }
        await connection.ExecuteAsync(new CommandDefinition(FiledSql, new { now = time.GetUtcNow(), findings = findings.Select(f => f.FindingId).ToArray(), tasks = done.Tasks.Select(t => t.TaskId).ToArray() }, transaction, cancellationToken: ct));
        foreach (var (finding, task) in findings.Zip(done.Tasks))
            if (!task.IsNew)
                await record.NoteAsync(connection, transaction, task.TaskId, 0, "found_again", "logs", new() { ["kind"] = finding.Kind, ["reason"] = finding.Reason, ["count"] = finding.Count }, ct);
        await transaction.CommitAsync(ct);
        foreach (var (finding, task) in findings.Zip(done.Tasks)) log.FindingFiled(finding.Kind, finding.GroupKey, task.TaskId, finding.Title);
        return findings.Count;
    }

    static NewTask TaskOf(Finding f, IReadOnlyList<string> samples, IReadOnlyList<StormMember> members)
    {
        var payload = new InvestigateError(f.FindingId, f.Kind, f.GroupKey, f.Title, f.Reason, f.Service, f.Release, f.FirstSeen, f.LastSeen, f.Count, samples, members);
        return new NewTask(InvestigateError.TaskKind, JsonSerializer.Serialize(payload, TaskPayload.Options)) { DedupKey = $"log:{f.GroupKey}", Priority = Enum.Parse<TaskPriority>(f.Priority, ignoreCase: true) };
    }

    static string Shown(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1), "…");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = LookEvery;
            try
            {
                await close.RunAsync(stoppingToken);
                if (await RunOnceAsync(stoppingToken) == AtOnce) rest = TimeSpan.Zero;
                isFailing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.FilingFailed(e);
                (isFailing, rest) = (true, AfterFailure);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (rest > TimeSpan.Zero) await signal.WaitAsync(rest, time, stoppingToken);
        }
    }

    sealed record Finding(Guid FindingId, string Kind, string GroupKey, string Priority, string Title, string Reason, string? Service, string? Release, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long Count, DateTimeOffset FoundAt);

    sealed record Member(Guid FindingId, string Fingerprint, string Template, long Count);
}
