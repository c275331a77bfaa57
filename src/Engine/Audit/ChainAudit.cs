using Dapper;
using Engine.Faults;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Audit;

/// <summary>
/// Links committed entries into the chain, a batch in a transaction, one node at a time. Writers do not wait for it: an
/// entry is linked about a second after its transaction has committed, in the order of recording within a batch.
/// </summary>
public sealed class ChainAudit(
    NpgsqlDataSource database, TimeProvider time, WitnessAuditHead witness, AuditMetrics metrics, ILogger<ChainAudit> log) : BackgroundService
{
    public const int BatchSize = 1000;

    const long LockKey = 6940363;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // Seconds as a number and not a time: a row that somebody put there may hold one that .NET has no room for.
    const string StateSql = """
        select (select extract(epoch from min(recorded_at))::float8 from audit_unchained) as oldest,
            case when r.is_called then r.last_value else 0 end as reached, coalesce(c.position, 0) as position, c.chain_hash, c.chained_at
        from audit_positions r
        left join lateral (select position, chain_hash, chained_at from audit_chain order by position desc limit 1) c on true
        """;

    // An entry that the queue names and the log lacks stays queued: it is evidence. One that is linked already just leaves.
    const string TakeSql = $"""
        with oldest as (
            select q.recorded_at, q.entry_id from audit_unchained q
            where exists (select from audit_log l where l.entry_id = q.entry_id)
            order by q.recorded_at, q.entry_id limit @BatchSize
        ),
        batch as (
            delete from audit_unchained q using oldest o
            where q.recorded_at = o.recorded_at and q.entry_id = o.entry_id
            returning q.recorded_at, q.entry_id
        )
        select {StoredEntry.Columns}
        from batch b
        join audit_log l on l.entry_id = b.entry_id
        where not exists (select from audit_chain c where c.entry_id = b.entry_id)
        order by b.recorded_at, b.entry_id
        """;

    const string LinkSql = """
        insert into audit_chain (position, entry_id, entry_hash, chain_hash, chained_at)
        select position, entry_id, entry_hash, chain_hash, @now
        from unnest(@positions, @entryIds, @entryHashes, @chainHashes) as link (position, entry_id, entry_hash, chain_hash)
        """;

    long lastGoodPass = time.GetTimestamp();

    /// <summary>How old the oldest entry was that the last good pass left unchained, and how long ago that pass was.</summary>
    public (TimeSpan Unchained, TimeSpan SincePass) Lag => (unchained, time.GetElapsedTime(Interlocked.Read(ref lastGoodPass)));

    TimeSpan unchained;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                while (await RunOnceAsync(stoppingToken) == BatchSize) { } // more than a batch was waiting
            }
            catch (Exception e) when (Fault.Of(e, stoppingToken) is var fault and not FaultKind.Cancelled)
            {
                if (fault == FaultKind.Transient) log.NotChained(e.Message);
                else log.ChainingFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many entries were linked; 0 when none waits or another node is at it.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var state = await StateAsync(connection, null, ct);
        var count = state.Oldest is null ? 0 : await ChainAsync(connection, ct);
        if (count > 0) state = await StateAsync(connection, null, ct);

        if (state.Position > state.Reached)
            await connection.ExecuteAsync(new CommandDefinition("select note_audit_position()", cancellationToken: ct));
        await witness.RunAsync(connection, state.Head, ct);

        unchained = state.Oldest is { } oldest ? Age(oldest) : TimeSpan.Zero;
        metrics.Unchained(unchained);
        Interlocked.Exchange(ref lastGoodPass, time.GetTimestamp());
        return count;
    }

    async Task<int> ChainAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select pg_try_advisory_xact_lock(@LockKey)", new { LockKey }, transaction, cancellationToken: ct))) return 0;

        var state = await StateAsync(connection, transaction, ct);
        var entries = (await connection.QueryAsync<StoredEntry>(new CommandDefinition(
            TakeSql, new { BatchSize }, transaction, cancellationToken: ct))).AsList();
        if (state.Reached > state.Position && entries.Count > 0) log.TailLost(state.Position, state.Reached);
        await LinkAsync(connection, transaction, state, entries, ct);
        await transaction.CommitAsync(ct);

        metrics.Chained(entries.Count);
        if (entries.Count > 0) log.Chained(entries.Count, state.Next + entries.Count - 1);
        return entries.Count;
    }

    async Task LinkAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, State state, List<StoredEntry> entries, CancellationToken ct)
    {
        var (previous, position) = (state.ChainHash ?? new byte[32], state.Next);
        var entryHashes = entries.ConvertAll(e => e.Hash());
        var chainHashes = entryHashes.ConvertAll(hash => previous = AuditHead.LinkHash(previous, hash, position++));

        await using var link = new NpgsqlCommand(LinkSql, connection, transaction);
        link.Parameters.AddWithValue("positions", Enumerable.Range(0, entries.Count).Select(i => state.Next + i).ToArray());
        link.Parameters.AddWithValue("entryIds", entries.ConvertAll(e => e.EntryId));
        link.Parameters.AddWithValue("entryHashes", NpgsqlDbType.Array | NpgsqlDbType.Bytea, entryHashes);
        link.Parameters.AddWithValue("chainHashes", NpgsqlDbType.Array | NpgsqlDbType.Bytea, chainHashes);
        link.Parameters.AddWithValue("now", time.GetUtcNow().UtcDateTime);
        await link.ExecuteNonQueryAsync(ct);
    }

    static Task<State> StateAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct) =>
        connection.QuerySingleAsync<State>(new CommandDefinition(StateSql, transaction: transaction, cancellationToken: ct));

    TimeSpan Age(double epochSeconds)
    {
        var seconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds - epochSeconds;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TimeSpan.FromDays(36500).TotalSeconds));
    }

    /// <param name="Oldest">When the oldest waiting entry was recorded, in seconds since 1970; null when none waits.</param>
    /// <param name="Reached">The highest position ever, as kept outside the tables.</param>
    sealed record State(double? Oldest, long Reached, long Position, byte[]? ChainHash, DateTimeOffset? ChainedAt)
    {
        public AuditHead Head => ChainHash is null ? AuditHead.Genesis : AuditHead.Of(Position, ChainHash, ChainedAt);

        /// <summary>Where the next link goes. Positions whose links were removed are not used again: the gap stays to be seen.</summary>
        public long Next => Math.Max(Position, Reached) + 1;
    }
}
