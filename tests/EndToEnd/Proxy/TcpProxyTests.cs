using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dapper;
using Npgsql;
using Support;
using Support.Proxy;

namespace EndToEnd.Proxy;

/// <summary>What tests do to the line between an engine and its PostgreSQL really happens to it, and ends when it should.</summary>
public sealed class TcpProxyTests : IAsyncLifetime
{
    readonly TestDatabase database = new();
    TcpProxy proxy = null!;
    NpgsqlDataSource through = null!;

    public async Task InitializeAsync()
    {
        await database.InitializeAsync();
        proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(database.OwnerConnectionString).Port);
        through = Through("the test");
        await using var connection = await database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("create table marks (mark text not null)");
    }

    public async Task DisposeAsync()
    {
        await through.DisposeAsync();
        await proxy.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task What_nobody_disturbs_arrives_whole()
    {
        await using var connection = await through.OpenConnectionAsync();

        var text = await connection.ExecuteScalarAsync<string>("select repeat('x', 3000000) || @end", new { end = new string('y', 3_000_000) });

        Assert.Equal(6_000_000, text!.Length);
        Assert.Equal("the test", Assert.Single(proxy.Connections).ApplicationName);
    }

    [Fact]
    public async Task What_is_held_arrives_once_the_line_is_whole_again()
    {
        await using var connection = await through.OpenConnectionAsync();
        proxy.ToServer.Hold();

        var insert = connection.ExecuteAsync("insert into marks values ('held')");
        await Task.Delay(300); // real time, in which nothing may come through
        Assert.Equal(0, await MarksAsync("held"));
        proxy.Heal();
        await insert;

        Assert.Equal(1, await MarksAsync("held"));
    }

    [Fact]
    public async Task What_is_dropped_is_gone_and_its_connection_is_reset_when_the_line_heals()
    {
        await using var connection = await through.OpenConnectionAsync();
        proxy.ToClient.Drop();

        var insert = connection.ExecuteAsync("insert into marks values ('unanswered')");
        await Eventually.TrueAsync(async () => await MarksAsync("unanswered") == 1, TimeSpan.FromSeconds(5), "the server has it");
        await Eventually.TrueAsync(() => proxy.Connections.Any(c => c.HasLostBytes), TimeSpan.FromSeconds(5), "its answer is dropped"); // others see a commit before that leaves
        Assert.False(insert.IsCompleted);
        proxy.Heal();

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => insert);
        await using var next = await through.OpenConnectionAsync();
        Assert.Equal(1, await next.ExecuteScalarAsync<int>("select 1"));
    }

    [Fact]
    public async Task A_client_that_dies_is_told_to_the_server_at_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var between = new TcpProxy(((IPEndPoint)listener.LocalEndpoint).Port);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, between.Port);
        using var server = await listener.AcceptSocketAsync();

        client.LingerState = new LingerOption(true, 0); // closing is a reset, as of a process that is killed with answers unread
        client.Close();

        var told = server.ReceiveAsync(new byte[1]);
        await Task.WhenAny(told, Task.Delay(TimeSpan.FromSeconds(5)));
        Assert.True(told.IsCompleted);
        await ((Task)told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task A_fault_for_one_connection_leaves_the_others_alone()
    {
        await using var listening = await through.OpenConnectionAsync();
        await listening.ExecuteAsync("listen marks");
        await using var other = await through.OpenConnectionAsync();
        proxy.ToClient.Drop(c => c.HasSent("listen marks"));

        Assert.Equal(1, await other.ExecuteScalarAsync<int>("select 1"));
        Assert.Equal(1, proxy.Cut(c => c.HasSent("listen marks")));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => listening.ExecuteAsync("select 1"));
    }

    [Fact]
    public async Task A_delay_takes_its_time_each_way()
    {
        await using var connection = await through.OpenConnectionAsync();
        proxy.ToServer.Delay(TimeSpan.FromMilliseconds(200));
        proxy.ToClient.Delay(TimeSpan.FromMilliseconds(200));
        var clock = Stopwatch.StartNew();

        await connection.ExecuteScalarAsync<int>("select 1");

        Assert.InRange(clock.ElapsedMilliseconds, 390, 5000); // timers may fire a little early
    }

    [Fact]
    public async Task A_cut_is_felt_at_once_and_refused_connections_too()
    {
        await using var connection = await through.OpenConnectionAsync();
        var sleeping = connection.ExecuteAsync("select pg_sleep(30)");

        Assert.Equal(1, proxy.Cut());
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => sleeping.WaitAsync(TimeSpan.FromSeconds(5)));

        proxy.IsRefusing = true;
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await (await through.OpenConnectionAsync()).DisposeAsync());
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task The_outcome_of_a_trapped_commit_is_unknown_to_its_client(bool isExplicit, bool reachesServer)
    {
        await using var connection = await through.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into marks values ('before')");
        var trap = proxy.TrapCommit("insert into marks", reachesServer);

        await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            await using var transaction = isExplicit ? await connection.BeginTransactionAsync() : null;
            await connection.ExecuteAsync("insert into marks values (@mark)", new { mark = "unknown" }, transaction);
            Assert.NotNull(transaction); // an implicit commit has failed by now
            await transaction.CommitAsync();
        });
        await trap.Sprung.WaitAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(reachesServer ? 1 : 0, await MarksAsync("unknown"));
        Assert.Equal(1, await MarksAsync("before"));
    }

    [Fact]
    public async Task A_trap_lets_other_commits_and_rolled_back_statements_pass()
    {
        await using var connection = await through.OpenConnectionAsync();
        var trap = proxy.TrapCommit("insert into marks", reachesServer: true);

        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("insert into marks values ('rolled back')", transaction: transaction);
            await transaction.RollbackAsync();
        }
        await connection.ExecuteAsync("create table others (mark text)");
        Assert.False(trap.Sprung.IsCompleted);

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => connection.ExecuteAsync("insert into marks values ('trapped')"));
        Assert.Equal(0, await MarksAsync("rolled back"));
    }

    async Task<long> MarksAsync(string mark)
    {
        await using var connection = await database.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select count(*) from marks where mark = @mark", new { mark });
    }

    NpgsqlDataSource Through(string applicationName) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.OwnerConnectionString)
    {
        Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable, ApplicationName = applicationName, Timeout = 3,
    });
}
