using Dapper;
using Engine.Hosting.CommandLine;
using Npgsql;
using Support;
using Support.Proxy;

namespace Engine.Tests.Database;

/// <summary>Commands that work on the database themselves: one that is suspended or cut off must not keep its locks and its snapshot.</summary>
public sealed class CommandSessionsTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("migrate", "schema_migrations", true)]
    [InlineData("doctor", "schema_migrations", true)]
    [InlineData("audit verify --offline", "audit_chain", true)]
    [InlineData("migrate", "schema_migrations", false)]
    [InlineData("doctor", "schema_migrations", false)]
    [InlineData("audit verify --offline", "audit_chain", false)]
    public async Task A_command_asks_the_server_to_end_its_session_when_it_is_left_alone_except_through_a_pooler_which_would_refuse(string line, string table, bool isDirect)
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(database.OwnerConnectionString).Port);
        var environment = new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = folder.Path,
            ["ENGINE__HTTP__LISTEN"] = $"http://127.0.0.1:{EngineProcess.FreePort()}",
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = Through(proxy, database.EngineConnectionString),
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = Through(proxy, database.OwnerConnectionString),
            ["ENGINE__TASKS__LISTEN"] = isDirect ? "true" : "false",
        };
        await using var connection = await database.Owner.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync($"lock table {table}", transaction: transaction); // so that the command is met at its work

        var running = CommandLineRun.OfAsync(environment, line.Split(' '));
        await Eventually.TrueAsync(() => running.IsCompleted || proxy.Connections.Any(c => c.HasSent($"from {table}")), Soon, "the command waits for the table");
        var options = proxy.Connections.Where(c => c.HasSent($"from {table}")).Select(c => c.Options).ToArray();
        await transaction.RollbackAsync();
        var run = await running;

        Assert.True(run.ExitCode == ExitCode.Done, run.Output + run.Error);
        Assert.Equal(isDirect, Assert.Single(options).Contains("-c tcp_user_timeout=10000", StringComparison.Ordinal));
        Assert.Equal(isDirect, options[0].Contains("-c idle_in_transaction_session_timeout=45000", StringComparison.Ordinal));
    }

    static string Through(TcpProxy proxy, string login) => new NpgsqlConnectionStringBuilder(login)
    {
        Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable, Pooling = false,
    }.ConnectionString;
}
