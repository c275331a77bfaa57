using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Routing.Budgets;

/// <summary>Which starts of which processes hold money: enters this one, and takes apart what dead ones leave.</summary>
public sealed class Holders(NpgsqlDataSource database, TimeProvider time, ILogger<Holders> log)
{
    const string EnterSql = """
        insert into budget_holders (holder_id, host, process_id, started_at, lease_until) values (@holderId, @host, @processId, @now, @leaseUntil)
        """;

    // Waits for what is on its way under the present generation, and shuts out what comes later.
    const string RaiseSql = """
        update budget_holders set generation = generation + 1, lease_until = @leaseUntil
        where holder_id = @holderId and ended_at is null and lease_until > @now
        returning generation
        """;

    const string DeadSql = "select holder_id from budget_holders where ended_at is null and lease_until < @now order by lease_until limit 20";

    const string EndSql = "update budget_holders set ended_at = @now where holder_id = @holderId and ended_at is null and (lease_until < @now or @isOwn) returning host, process_id";

    // Its windows first, in their order, like everybody who changes them. The holds of its calls become what they are thought to have cost, until the provider
    // tells; whatever else it was granted goes back.
    const string TakeApartSql = """
        with mine as (
            select budget_id, window_key, granted_usd from budget_slices where holder_id = @holderId
        ), calls as (
            select s.selection_id, s.hold_usd, s.budget_ids, s.window_keys from model_selections s where s.holder_id = @holderId and s.outcome = 'open'
        ), spent as (
            select w.budget_id, w.window_key, sum(c.hold_usd) as usd, count(*) as calls from calls c cross join lateral unnest(c.budget_ids, c.window_keys) w(budget_id, window_key)
            group by w.budget_id, w.window_key
        ), locked as materialized (
            select w.budget_id, w.window_key from budget_windows w
            where (w.budget_id, w.window_key) in (select budget_id, window_key from mine union select budget_id, window_key from spent)
            order by w.budget_id, w.window_key for update of w
        ), moved as (
            update budget_windows w set settled_usd = w.settled_usd + coalesce(s.usd, 0), granted_usd = greatest(0, w.granted_usd - coalesce(m.granted_usd, 0)),
                calls = w.calls + coalesce(s.calls, 0)
            from locked l left join mine m on m.budget_id = l.budget_id and m.window_key = l.window_key left join spent s on s.budget_id = l.budget_id and s.window_key = l.window_key
            where w.budget_id = l.budget_id and w.window_key = l.window_key
        ), dropped as (
            delete from budget_slices where holder_id = @holderId
        )
        update model_selections s set outcome = 'lost', is_estimated = true, cost_usd = s.hold_usd, ended_at = @now, error_kind = 'process_lost'
        from calls c where s.selection_id = c.selection_id
        """;

    /// <returns>The id of this start; its generation is 1.</returns>
    public async Task<Guid> EnterAsync(NpgsqlConnection connection, TimeSpan lease, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var holderId = Guid.CreateVersion7(now);
        await connection.ExecuteAsync(new CommandDefinition(EnterSql,
            new { holderId, host = Environment.MachineName, processId = Environment.ProcessId, now, leaseUntil = now + lease }, cancellationToken: ct));
        return holderId;
    }

    /// <returns>The new generation; null when the holder is dead.</returns>
    public Task<long?> RaiseAsync(NpgsqlConnection connection, Guid holderId, TimeSpan lease, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return connection.ExecuteScalarAsync<long?>(new CommandDefinition(RaiseSql, new { holderId, now, leaseUntil = now + lease }, cancellationToken: ct));
    }

    /// <summary>Takes apart the slices of all whose lease has run out.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> TakeApartDeadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var dead = (await connection.QueryAsync<Guid>(new CommandDefinition(DeadSql, new { now = time.GetUtcNow() }, cancellationToken: ct))).ToArray();
        var count = 0;
        foreach (var holderId in dead)
            if (await EndAsync(connection, holderId, isOwn: false, ct)) count++;
        return count;
    }

    /// <summary>Ends a holder: one that is dead, or this process's own, which has nothing under way any more.</summary>
    /// <returns>False when it had ended, or lives.</returns>
    public async Task<bool> EndAsync(NpgsqlConnection connection, Guid holderId, bool isOwn, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var ended = await connection.QuerySingleOrDefaultAsync<Ended>(new CommandDefinition(EndSql, new { holderId, now, isOwn }, transaction, cancellationToken: ct));
        if (ended is null) return false;
        var calls = await connection.ExecuteAsync(new CommandDefinition(TakeApartSql, new { holderId, now }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        if (!isOwn || calls > 0) log.HolderLost(ended.Host, ended.ProcessId, calls);
        return true;
    }

    sealed record Ended(string Host, int ProcessId);
}
