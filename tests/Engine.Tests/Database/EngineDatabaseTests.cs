using Dapper;
using Engine.Database;
using Engine.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;

namespace Engine.Tests.Database;

public sealed class EngineDatabaseTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData("14.19")]
    [InlineData("9.6.24")]
    public async Task A_server_that_is_too_old_is_refused_with_both_versions(string version)
    {
        await using var old = new FakePostgres(version);

        var refusal = await Assert.ThrowsAsync<StartupException>(() => ConnectAsync(old.ConnectionString));

        Assert.Contains($"is PostgreSQL {version}; the engine needs 15 or newer", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("15.0")]
    [InlineData("18.1")]
    public async Task A_newer_server_is_welcome(string version)
    {
        await using var server = new FakePostgres(version);

        Assert.Equal(version, await ConnectAsync(server.ConnectionString));
    }

    [Fact]
    public async Task A_login_without_the_roles_rights_is_told_the_grant_it_lacks()
    {
        await using (var connection = await db.Owner.OpenConnectionAsync())
            await connection.ExecuteAsync("drop role if exists stranger; create role stranger login password 'x'");

        var refusal = await Assert.ThrowsAsync<StartupException>(() => EngineDatabase.RequireRightsAsync(
            NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(db.OwnerConnectionString) { Username = "stranger", Password = "x" }.ConnectionString), CancellationToken.None));

        Assert.Contains("grant engine to \"stranger\"", refusal.Remedy, StringComparison.Ordinal);
        await using (var connection = await db.Owner.OpenConnectionAsync()) await connection.ExecuteAsync("grant engine to stranger");
        await EngineDatabase.RequireRightsAsync(
            NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(db.OwnerConnectionString) { Username = "stranger", Password = "x" }.ConnectionString), CancellationToken.None);
    }

    static Task<string> ConnectAsync(string connectionString) =>
        EngineDatabase.ConnectAsync(connectionString, TimeSpan.Zero, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
}
