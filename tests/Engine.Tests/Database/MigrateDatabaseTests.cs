using Dapper;
using Engine.Database;
using Engine.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace Engine.Tests.Database;

public sealed class MigrateDatabaseTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    static readonly Migration Next = Migration.Of(
        $"{Migration.All.Count + 1:D4}_more.sql", "create table more (more_id integer primary key);\n");

    MigrateDatabase Migrate => new(db.Owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance);

    [Fact]
    public async Task Engines_that_start_together_apply_each_migration_once()
    {
        var applied = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Migrate.RunAsync([.. Migration.All, Next], CancellationToken.None)));

        Assert.Equal(Next, Assert.Single(applied.SelectMany(a => a)));
        await ForgetAsync("drop table more");
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_nothing_behind()
    {
        var broken = Next with { Sql = "create table half (half_id integer); select 1 / 0;" };

        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => Migrate.RunAsync([.. Migration.All, broken], CancellationToken.None));

        await using var connection = await db.Owner.OpenConnectionAsync();
        Assert.Null(await connection.ExecuteScalarAsync<string?>("select to_regclass('half')::text"));
        Assert.IsType<MigrationPlan.UpToDate>(await Migrate.PlanAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task An_engine_older_than_the_schema_refuses_with_a_sentence()
    {
        var refusal = await Assert.ThrowsAsync<StartupException>(() => Migrate.RunAsync(Migration.All.SkipLast(1).ToArray(), CancellationToken.None));

        Assert.Contains("older than the schema", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("newer engine", refusal.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_edited_after_it_was_applied_is_refused()
    {
        var edited = Migration.Of("0001_access.sql", Migration.All[0].Sql + "-- one more comment\n");

        var refusal = await Assert.ThrowsAsync<StartupException>(() => Migrate.RunAsync([edited, .. Migration.All.Skip(1)], CancellationToken.None));

        Assert.Contains("0001 (access)", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_ends_do_not_change_a_checksum() =>
        Assert.Equal(Migration.Of("0001_a.sql", "select 1;\r\nselect 2;\r\n").Checksum, Migration.Of("0001_a.sql", "select 1;\nselect 2;\n").Checksum);

    [Fact]
    public async Task The_plan_names_what_is_pending_and_changes_nothing()
    {
        var plan = await Migrate.PlanAsync([.. Migration.All, Next], CancellationToken.None);

        Assert.Equal([Next], Assert.IsType<MigrationPlan.Pending>(plan).Migrations);
        Assert.Contains("engine migrate", plan.Refusal()!.Remedy, StringComparison.Ordinal);
        Assert.IsType<MigrationPlan.UpToDate>(await Migrate.PlanAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task A_migration_lets_those_pass_who_wait_behind_it_for_a_busy_table_and_tries_again()
    {
        var (time, altering) = (new ManualTime(), Next with { Sql = "alter table api_tokens add column more integer;" });
        await using var reader = await db.Owner.OpenConnectionAsync();
        await using var reading = await reader.BeginTransactionAsync();
        await reader.ExecuteAsync("select count(*) from api_tokens", transaction: reading);

        var migrating = new MigrateDatabase(db.Owner, time, NullLogger<MigrateDatabase>.Instance).RunAsync([.. Migration.All, altering], CancellationToken.None);
        await Eventually.TrueAsync(() => IsWaitedForAsync("api_tokens"), Soon, "the migration waits for the table");
        await using (var other = await db.Owner.OpenConnectionAsync()) await other.ExecuteScalarAsync<long>("select count(*) from api_tokens");
        Assert.False(migrating.IsCompleted);
        await reading.RollbackAsync();
        await Eventually.TrueAsync(() => Later(time, migrating), Soon, "it has tried again");

        Assert.Equal(altering, Assert.Single(await migrating));
        await ForgetAsync("alter table api_tokens drop column more");
    }

    [Fact]
    public async Task A_migration_gives_up_after_a_minute_and_names_the_transaction_that_may_be_why()
    {
        var time = new ManualTime();
        await using var reader = await db.Owner.OpenConnectionAsync();
        await using var reading = await reader.BeginTransactionAsync();
        await reader.ExecuteAsync("select count(*) from api_tokens", transaction: reading);

        var migrating = new MigrateDatabase(db.Owner, time, NullLogger<MigrateDatabase>.Instance)
            .RunAsync([.. Migration.All, Next with { Sql = "create table half (half_id integer); alter table api_tokens add column more integer;" }], CancellationToken.None);
        await Eventually.TrueAsync(() => Later(time, migrating), Soon, "it has given up");

        var refusal = await Assert.ThrowsAsync<StartupException>(() => migrating);
        Assert.Contains("kept its tables locked for more than 00:01:00", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"process {reader.ProcessID},", refusal.Message, StringComparison.Ordinal);
        Assert.IsType<MigrationPlan.UpToDate>(await Migrate.PlanAsync(null, CancellationToken.None));
    }

    static bool Later(ManualTime time, Task running)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return running.IsCompleted;
    }

    async Task<bool> IsWaitedForAsync(string table)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<bool>("select exists (select from pg_locks where not granted and relation = @table::regclass)", new { table });
    }

    async Task ForgetAsync(string undo)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync($"{undo}; delete from schema_migrations where number = {Next.Number}");
    }
}
