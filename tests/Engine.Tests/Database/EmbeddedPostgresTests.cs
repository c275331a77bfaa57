using Engine.Database.Embedded;
using Npgsql;

namespace Engine.Tests.Database;

/// <summary>What one start gives: a cluster, its logins and their rights, and nothing that others can read.</summary>
[Collection(EmbeddedSeed.Name)]
public sealed class EmbeddedPostgresTests
{
    [Fact]
    public async Task First_start_makes_a_durable_cluster_that_only_this_machine_reaches_by_password()
    {
        await using var scratch = new EmbeddedScratch();
        await using var postgres = await EmbeddedPostgres.StartAsync(
            scratch.Folder.Root, new(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, CancellationToken.None);

        Task<string> Shown(string setting) => EmbeddedScratch.QueryAsync<string>(postgres.SuperuserConnectionString, $"show {setting}");

        Assert.Equal("on", await Shown("data_checksums"));
        Assert.Equal("on", await Shown("fsync"));
        Assert.Equal("on", await Shown("full_page_writes"));
        Assert.Equal("on", await Shown("synchronous_commit"));
        Assert.Equal("UTF8", await Shown("server_encoding"));
        Assert.Equal("UTC", await Shown("timezone"));
        Assert.Equal("200", await Shown("max_connections"));
        Assert.Equal("127.0.0.1", await Shown("listen_addresses"));
        Assert.Equal("scram-sha-256", await EmbeddedScratch.QueryAsync<string>(
            postgres.SuperuserConnectionString, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules"));
        Assert.Equal("C", await EmbeddedScratch.QueryAsync<string>(
            postgres.SuperuserConnectionString, "select datcollate from pg_database where datname = 'engine'"));
        Assert.InRange(postgres.Port, FreePort.First, FreePort.Last);
        Assert.Equal(postgres.Binaries.Version.Major, scratch.Folder.ClusterMajor());
    }

    [Theory]
    [InlineData("engine_owner", 16, true)]
    [InlineData("engine", 150, false)]
    [InlineData("engine_reader", 24, false)]
    public async Task A_login_has_its_own_rights_and_no_more(string role, int connections, bool mayCreate)
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var postgres = await scratch.StartAsync();
        var login = role switch { "engine_owner" => postgres.OwnerConnectionString, "engine" => postgres.EngineConnectionString, _ => postgres.ReaderConnectionString };

        Task<T> Ask<T>(string sql) => EmbeddedScratch.QueryAsync<T>(login, sql);

        Assert.Equal(role, await Ask<string>("select current_user::text"));
        Assert.Equal("engine", await Ask<string>("select current_database()::text"));
        Assert.False(await Ask<bool>("select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls from pg_roles where rolname = current_user"));
        Assert.Equal(connections, await Ask<int>("select rolconnlimit from pg_roles where rolname = current_user"));
        Assert.Equal(mayCreate, await Ask<bool>("select has_schema_privilege('public', 'create')"));
        Assert.Equal(mayCreate, await Ask<bool>("select pg_has_role('pg_read_all_stats', 'usage')")); // who has an old transaction open
        Assert.Equal(mayCreate, await Ask<bool>("select has_database_privilege('engine', 'create')"));
        Assert.Equal(mayCreate, await Ask<bool>("select has_database_privilege('engine', 'temporary')"));
        var elsewhere = new NpgsqlConnectionStringBuilder(login) { Database = "postgres" }.ConnectionString;
        var refused = await Assert.ThrowsAsync<PostgresException>(() => EmbeddedScratch.QueryAsync<int>(elsewhere, "select 1"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Passwords_are_in_files_of_their_owner_alone_and_neither_in_logs_nor_in_the_process_list()
    {
        Environment.SetEnvironmentVariable("ENGINE_TEST_NOT_INHERITED", "secret-of-the-environment");
        await using var scratch = new EmbeddedScratch();
        await using var postgres = await scratch.StartAsync(new() { ["log_statement"] = "all" });
        var pid = PostmasterPid.Read(scratch.Folder)!.ProcessId;

        var secrets = Directory.GetFiles(scratch.Folder.Secrets);
        var seen = string.Concat(Directory.GetFiles(scratch.Folder.Log).Append(scratch.Folder.StartLog).Append(scratch.Folder.Configuration)
            .Append($"/proc/{pid}/cmdline").Append($"/proc/{pid}/environ").Select(File.ReadAllText));

        Assert.Equal(4, secrets.Length);
        Assert.Contains("alter role engine_reader", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-the-environment", seen, StringComparison.Ordinal);
        Assert.All(secrets, file =>
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(43, File.ReadAllText(file).Length); // 256 bits in base64url
            Assert.DoesNotContain(File.ReadAllText(file), seen, StringComparison.Ordinal);
        });
        Assert.Equal(["data", "log", "run", "start.log"], Directory.GetFileSystemEntries(scratch.Folder.Home).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Nobody_else_gets_into_the_folders()
    {
        await using var scratch = new EmbeddedScratch();
        await using var postgres = await scratch.StartAsync();

        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(EmbeddedScratch.User is null ? owner : owner | UnixFileMode.GroupExecute, File.GetUnixFileMode(scratch.Folder.Root));
        Assert.Equal(owner, File.GetUnixFileMode(scratch.Folder.Home));
        Assert.Equal(owner, File.GetUnixFileMode(scratch.Folder.Secrets));
        Assert.Equal(owner, File.GetUnixFileMode(scratch.Folder.Run));
    }

    [Fact]
    public async Task A_second_start_finds_data_and_port_again()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var first = await scratch.StartAsync();
        await EmbeddedScratch.QueryAsync<object>(first.OwnerConnectionString, "create table kept as select 42 as answer; select ''");
        await first.DisposeAsync();

        await using var second = await scratch.StartAsync();

        Assert.Equal(42, await EmbeddedScratch.QueryAsync<int>(second.OwnerConnectionString, "select answer from kept"));
        Assert.Equal(first.Port, second.Port);
    }

    [Fact]
    public async Task A_taken_port_is_given_up_for_another()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var first = await scratch.StartAsync();
        await first.DisposeAsync();
        using var squatter = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, first.Port);
        squatter.Start();

        await using var second = await scratch.StartAsync();

        Assert.NotEqual(first.Port, second.Port);
        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(second.EngineConnectionString, "select 1"));
    }

    [Fact]
    public async Task Passwords_follow_their_files_at_each_start()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        File.Delete(Path.Combine(scratch.Folder.Secrets, "postgres-reader"));
        await File.WriteAllTextAsync(Path.Combine(scratch.Folder.Secrets, "postgres-engine"), "it's;chosen=by-hand\n");

        await using var postgres = await scratch.StartAsync();

        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(postgres.ReaderConnectionString, "select 1"));
        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(postgres.EngineConnectionString, "select 1"));
    }

    [Fact]
    public async Task A_long_path_is_reached_by_tcp_and_a_short_one_by_socket()
    {
        await using var far = await EmbeddedScratch.WithClusterAsync("a 'quoted\" $HOME `folder` " + new string('x', 90));
        await using var near = await EmbeddedScratch.WithClusterAsync("it's \"near\"");

        await using var byTcp = await far.StartAsync();
        await using var bySocket = await near.StartAsync();

        const string address = "select coalesce(host(inet_server_addr()), 'socket')";
        Assert.Equal("127.0.0.1", await EmbeddedScratch.QueryAsync<string>(byTcp.EngineConnectionString, address));
        Assert.Equal("socket", await EmbeddedScratch.QueryAsync<string>(bySocket.EngineConnectionString, address));
    }

    [Fact]
    public async Task Another_process_finds_a_running_server_without_starting_one()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        Assert.Null(EmbeddedPostgres.TryAttach(scratch.Folder.Root));

        await using (await scratch.StartAsync())
        {
            var attached = EmbeddedPostgres.TryAttach(scratch.Folder.Root);
            Assert.Equal("engine_reader", await EmbeddedScratch.QueryAsync<string>(attached!.Reader, "select current_user::text"));
        }

        Assert.Null(EmbeddedPostgres.TryAttach(scratch.Folder.Root));
        Assert.Null(EmbeddedPostgres.TryAttach(scratch.Folder.Root + "-of-nobody"));
    }

    [Fact]
    public async Task The_server_has_a_session_of_its_own_so_that_control_c_in_the_terminal_spares_it()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var postgres = await scratch.StartAsync();

        var pid = PostmasterPid.Read(scratch.Folder)!.ProcessId;

        const int session = 6;
        Assert.Equal(pid, EmbeddedScratch.ProcessStat(pid, session));
        Assert.NotEqual(pid, EmbeddedScratch.ProcessStat(Environment.ProcessId, session));
        Assert.All(Directory.GetFileSystemEntries($"/proc/{pid}/fd"), fd => // no pipe of ours that it would keep open
            Assert.DoesNotContain(new FileInfo(fd).LinkTarget, Directory.GetFileSystemEntries("/proc/self/fd").Select(own => new FileInfo(own).LinkTarget)
                .Where(target => target?.StartsWith("pipe:", StringComparison.Ordinal) == true)));
    }
}
