using Dapper;
using Engine.Hosting;
using Npgsql;

namespace Engine.Database;

/// <summary>
/// Brings the schema up to date: each migration in its own transaction, all under one advisory lock, so that engines which
/// start together take turns. Runs as the role that owns the schema.
/// </summary>
public sealed class MigrateDatabase(NpgsqlDataSource owner, TimeProvider time, ILogger<MigrateDatabase> log)
{
    const long LockKey = 0x656e67696e65; // "engine"

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
    /// <exception cref="StartupException">The schema is newer, or a migration was changed.</exception>
    public async Task<IReadOnlyList<Migration>> RunAsync(IReadOnlyList<Migration>? known, CancellationToken ct)
    {
        known ??= Migration.All;
        await using var connection = await owner.OpenConnectionAsync(ct);
        await LockAsync(connection, ct);
        try
        {
            if (await ReadPlanAsync(connection, known, ct) is not MigrationPlan.Pending pending)
                return (await ReadPlanAsync(connection, known, ct)).Refusal() is { } refusal ? throw refusal : [];
            await connection.ExecuteAsync(new CommandDefinition(Migration.Resource("roles.sql"), cancellationToken: ct));
            await connection.ExecuteAsync(new CommandDefinition(Bookkeeping, cancellationToken: ct));
            foreach (var migration in pending.Migrations) await ApplyAsync(connection, migration, ct);
            return pending.Migrations;
        }
        finally
        {
            // A closed connection has let go of the lock by itself.
            if (connection.FullState.HasFlag(System.Data.ConnectionState.Open))
                await connection.ExecuteAsync(new CommandDefinition(
                    "select pg_advisory_unlock(@LockKey)", new { LockKey }, cancellationToken: CancellationToken.None));
        }
    }

    /// <summary>Waits for its turn as long as another engine's migrations take, and says that it waits.</summary>
    async Task LockAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("select pg_try_advisory_lock(@LockKey)", new { LockKey }, cancellationToken: ct))) return;
        log.WaitingForMigrations();
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_lock(@LockKey)", new { LockKey }, commandTimeout: 0, cancellationToken: ct));
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

    async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // A migration that waits for a busy table must not queue everybody else behind it for long.
        await connection.ExecuteAsync(new CommandDefinition("set local lock_timeout = '5s'", transaction: transaction, cancellationToken: ct));
        await using (var command = new NpgsqlCommand(migration.Sql, connection, transaction) { CommandTimeout = 0 }) await command.ExecuteNonQueryAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into schema_migrations (number, name, checksum, applied_at) values (@Number, @Name, @Checksum, clock_timestamp())",
            migration, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        log.Migrated(migration.Number, migration.Name, time.GetElapsedTime(started));
    }
}
