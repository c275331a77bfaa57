using Dapper;
using Engine.Hosting;
using Npgsql;

namespace Engine.Database;

/// <summary>
/// Brings the schema up to date: each migration in its own transaction and under one advisory lock, so that engines which start
/// together take turns. The lock is the transaction's: behind a transaction pooler a session is the next one's already. Runs as the
/// role that owns the schema. Engines may be at work meanwhile: whatever queues up behind a migration that waits for a busy table
/// waits for a moment only, then the migration lets them pass and tries again.
/// </summary>
public sealed class MigrateDatabase(NpgsqlDataSource owner, TimeProvider time, ILogger<MigrateDatabase> log)
{
    const long LockKey = 0x656e67696e65; // "engine"
    const string LockTimeoutSql = "set local lock_timeout = '1s'";
    static readonly TimeSpan LetPass = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromMinutes(1);

    // Without the right to see the transactions of other logins it comes to nothing.
    const string OldestSql = """
        select format('the oldest is that of process %s, login %s, since %s', pid, usename, xact_start) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null order by xact_start limit 1
        """;

    const string Bookkeeping = """
        create table if not exists schema_migrations (
            number     integer primary key,
            name       text not null,
            checksum   text not null,
            applied_at timestamptz not null
        );
        grant select on schema_migrations to engine;
        """;

    /// <param name="known">The migrations to reach; those of this engine by default.</param>
    /// <returns>What was applied, in order; empty when nothing was pending.</returns>
    /// <exception cref="StartupException">The schema is newer, a migration was changed, or others keep what it needs to itself.</exception>
    public async Task<IReadOnlyList<Migration>> RunAsync(IReadOnlyList<Migration>? known, CancellationToken ct)
    {
        var applied = new List<Migration>();
        await using var connection = await owner.OpenConnectionAsync(ct);
        while (await ApplyNextInTimeAsync(connection, known ?? Migration.All, ct) is { } next) applied.Add(next);
        return applied;
    }

    async Task<Migration?> ApplyNextInTimeAsync(NpgsqlConnection connection, IReadOnlyList<Migration> known, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ApplyNextAsync(connection, known, ct);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                var oldest = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(OldestSql, cancellationToken: ct));
                if (time.GetElapsedTime(started) > Patience) throw InUse(oldest, e);
                log.MigrationWaits(oldest ?? e.MessageText, time.GetUtcNow() + (Patience - time.GetElapsedTime(started)));
                await Task.Delay(LetPass, time, ct);
            }
        }
    }

    static StartupException InUse(string? oldest, Exception e) => new(
        $"The schema cannot be brought up to date: other sessions have kept its tables locked for more than {Patience}{(oldest is null ? "" : $"; of their transactions {oldest}")}.",
        "end what keeps its transaction open (pg_stat_activity shows it, pg_terminate_backend ends it), then start again; what was not applied has left nothing behind.", e);

    /// <returns>Null when nothing is pending any more.</returns>
    async Task<Migration?> ApplyNextAsync(NpgsqlConnection connection, IReadOnlyList<Migration> known, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await LockAsync(connection, transaction, ct);
        await connection.ExecuteAsync(new CommandDefinition(LockTimeoutSql, transaction: transaction, cancellationToken: ct));
        var plan = await ReadPlanAsync(connection, known, ct);
        if (plan is not MigrationPlan.Pending { Migrations: [var next, ..] }) return plan.Refusal() is { } refusal ? throw refusal : null;
        var started = time.GetTimestamp();
        await connection.ExecuteAsync(new CommandDefinition(Migration.Resource("roles.sql"), transaction: transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(Bookkeeping, transaction: transaction, cancellationToken: ct));
        await using (var command = new NpgsqlCommand(next.Sql, connection, transaction) { CommandTimeout = 0 }) await command.ExecuteNonQueryAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into schema_migrations (number, name, checksum, applied_at) values (@Number, @Name, @Checksum, clock_timestamp())",
            next, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        log.Migrated(next.Number, next.Name, time.GetElapsedTime(started));
        return next;
    }

    /// <summary>Waits for its turn as long as another engine's migration takes, and says that it waits.</summary>
    async Task LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
    {
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select pg_try_advisory_xact_lock(@LockKey)", new { LockKey }, transaction, cancellationToken: ct))) return;
        log.WaitingForMigrations();
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(@LockKey)", new { LockKey }, transaction, commandTimeout: 0, cancellationToken: ct));
    }

    /// <returns>What a run would do, without doing it.</returns>
    public async Task<MigrationPlan> PlanAsync(IReadOnlyList<Migration>? known, CancellationToken ct)
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        return await ReadPlanAsync(connection, known ?? Migration.All, ct);
    }

    static async Task<MigrationPlan> ReadPlanAsync(NpgsqlConnection connection, IReadOnlyList<Migration> known, CancellationToken ct)
    {
        var exists = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "select to_regclass('schema_migrations') is not null", cancellationToken: ct));
        var applied = exists
            ? await connection.QueryAsync<AppliedMigration>(new CommandDefinition(
                "select number, name, checksum from schema_migrations", cancellationToken: ct))
            : [];
        return MigrationPlan.Decide([.. applied], known);
    }
}
