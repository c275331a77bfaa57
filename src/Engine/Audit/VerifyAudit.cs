using System.Data;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;

namespace Engine.Audit;

/// <summary>
/// Recomputes the whole chain from the log and compares its end with every head that was kept outside the tables: the
/// database's record of positions, this node's head file, and one that the caller brings. Reads one snapshot, a batch at a
/// time; writers and the chainer go on meanwhile.
/// </summary>
public sealed class VerifyAudit(NpgsqlDataSource database, AuditHeadFile headFile, TimeProvider time, ILogger<VerifyAudit> log)
    : IDisposable
{
    const int BatchSize = 2000;
    const int NamedStrays = 100;

    const string LinksSql = $"""
        select c.position, c.entry_id as linked_id, coalesce(c.entry_hash, '') as entry_hash, coalesce(c.chain_hash, '') as chain_hash,
            l.entry_id is not null as has_entry, {StoredEntry.Columns}
        from audit_chain c
        left join audit_log l on l.entry_id = c.entry_id
        where c.position > @after
        order by c.position limit @BatchSize
        """;

    const string ReachedSql = "select case when is_called then last_value else 0 end from audit_positions";

    const string ForgedSql = """
        select l.entry_id, count(*) over () as total from audit_log l
        where not exists (select from audit_chain c where c.entry_id = l.entry_id)
            and not exists (select from audit_unchained q where q.entry_id = l.entry_id)
        order by l.entry_id limit @NamedStrays
        """;

    const string OrphanSql = """
        select q.entry_id, count(*) over () as total from audit_unchained q
        where not exists (select from audit_log l where l.entry_id = q.entry_id)
        order by q.entry_id limit @NamedStrays
        """;

    readonly SemaphoreSlim turn = new(1, 1); // reading everything once at a time is load enough

    /// <param name="expectedHead">A head that was noted earlier, outside the engine; null for none.</param>
    public async Task<AuditVerdict> RunAsync(AuditHead? expectedHead, CancellationToken ct)
    {
        await turn.WaitAsync(ct);
        try
        {
            return await VerifyAsync(expectedHead, ct);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    async Task<AuditVerdict> VerifyAsync(AuditHead? expectedHead, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var problems = new AuditProblems();
        await using var connection = await database.OpenConnectionAsync(ct);

        // What the chain must have reached is read before the snapshot is taken: the chain may only be longer by then.
        var known = ReadKnownHeads(expectedHead, problems);
        var reached = await connection.ExecuteScalarAsync<long>(new CommandDefinition(ReachedSql, cancellationToken: ct));
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);

        var walk = new WalkChain(problems, known);
        await foreach (var link in ReadLinksAsync(connection, snapshot, ct)) walk.Accept(link);
        walk.Finish(reached);
        await AddStraysAsync(connection, snapshot, ForgedSql, AuditProblemKind.Forged,
            id => $"Entry {id} is in the log, but was neither linked nor queued: it was not recorded by the engine.", problems, ct);
        await AddStraysAsync(connection, snapshot, OrphanSql, AuditProblemKind.Missing,
            id => $"Entry {id} was recorded and waits to be linked, but is gone from the log.", problems, ct);
        var unchained = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select count(*) from audit_unchained", transaction: snapshot, cancellationToken: ct));

        var verdict = new AuditVerdict(walk.Entries, unchained, walk.Head, problems.Count, problems.InOrder);
        if (verdict.Intact) log.Verified(walk.Entries, walk.Head.Position, walk.Entries / time.GetElapsedTime(started).TotalSeconds);
        else log.NotIntact(verdict.ProblemCount, walk.Entries, verdict.Problems[0].Message);
        return verdict;
    }

    List<KnownHead> ReadKnownHeads(AuditHead? expected, AuditProblems problems)
    {
        var known = new List<KnownHead>();
        if (expected is not null) known.Add(new KnownHead("The expected head", expected));
        try
        {
            if (headFile.Read() is { } kept) known.Add(new KnownHead($"The head file {headFile.Location}", kept));
        }
        catch (InvalidDataException e)
        {
            problems.Add(AuditProblemKind.HeadUnreadable, null, null, e.Message);
        }
        return known;
    }

    static async IAsyncEnumerable<ChainLink> ReadLinksAsync(NpgsqlConnection connection, NpgsqlTransaction snapshot,
        [EnumeratorCancellation] CancellationToken ct)
    {
        var after = long.MinValue;
        for (var isLast = false; !isLast;)
        {
            var rows = (await connection.QueryAsync<LinkRow>(new CommandDefinition(
                LinksSql, new { after, BatchSize }, snapshot, cancellationToken: ct))).AsList();
            foreach (var row in rows) yield return row.ToLink();
            isLast = rows.Count < BatchSize;
            if (!isLast) after = rows[^1].Position;
        }
    }

    /// <summary>Rows that are in one table and lack what belongs to them in another.</summary>
    static async Task AddStraysAsync(NpgsqlConnection connection, NpgsqlTransaction snapshot, string sql, AuditProblemKind kind,
        Func<Guid, string> message, AuditProblems problems, CancellationToken ct)
    {
        var strays = (await connection.QueryAsync<Stray>(new CommandDefinition(
            sql, new { NamedStrays }, snapshot, commandTimeout: 0, cancellationToken: ct))).AsList();
        foreach (var stray in strays) problems.Add(kind, null, stray.EntryId, message(stray.EntryId));
        if (strays.Count > 0) problems.AddUnnamed(strays[0].Total - strays.Count);
    }

    sealed record Stray(Guid EntryId, long Total);

    sealed record LinkRow(long Position, Guid LinkedId, byte[] EntryHash, byte[] ChainHash, bool HasEntry,
        Guid? EntryId, string? RecordedAt, string? Actor, string? Action, string? Subject, string? Source, string? Details)
    {
        public ChainLink ToLink() => new(Position, LinkedId, EntryHash, ChainHash,
            HasEntry ? new StoredEntry(LinkedId, RecordedAt, Actor, Action, Subject, Source, Details) : null);
    }
}
