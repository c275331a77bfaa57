using Dapper;
using Engine.Database;
using Engine.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace Engine.Tests.Database;

public sealed class MigrateDatabaseTests(TestDatabase db) : IClassFixture<TestDatabase>
{
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

    async Task ForgetAsync(string undo)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync($"{undo}; delete from schema_migrations where number = {Next.Number}");
    }
}
