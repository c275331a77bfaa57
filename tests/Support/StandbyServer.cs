using System.Diagnostics;
using System.Globalization;
using Dapper;
using Engine.Database.Embedded;
using Npgsql;

namespace Support;

/// <summary>A standby that follows a <see cref="DurableCluster"/> and confirms each of its commits, until it is promoted.</summary>
public sealed class StandbyServer : IAsyncDisposable
{
    const string Folder = "standby";

    readonly PostgresFolder folder;
    readonly string superuser;

    StandbyServer(PostgresFolder folder, int port, string superuser) => (this.folder, Port, this.superuser) = (folder, port, superuser);

    public int Port { get; }

    /// <param name="primary">Connection string of the superuser.</param>
    internal static async Task<StandbyServer> StartAsync(PostgresFolder folder, PostgresBinaries binaries, string primary)
    {
        var program = new RunProgram(PostgresUser.OfThisProcess());
        var parts = new NpgsqlConnectionStringBuilder(primary);
        await using (var connection = new NpgsqlConnection(primary))
        {
            await File.AppendAllTextAsync(folder.AccessRules, "host replication all 127.0.0.1/32 scram-sha-256\n");
            await connection.OpenAsync();
            await connection.ExecuteAsync("select pg_reload_conf()");
        }
        await RunAsync("pg_basebackup", "-d", $"host=127.0.0.1 port={parts.Port} user={parts.Username} password={parts.Password}", "-D", Folder, "-R", "--checkpoint=fast");
        var port = FreePort.Find(folder.Root, null, new HashSet<int> { parts.Port }, FreePort.IsFree);
        await RunAsync("pg_ctl", "start", "-D", Folder, "-l", "standby.log", "-s", "-w",
            "-o", string.Create(CultureInfo.InvariantCulture, $"-c config_file=../postgres.conf -c hba_file=../postgres.hba.conf -c port={port}"));
        AfterThisProcess.Remove(Path.Combine(folder.Home, Folder), folder.Root);

        await using (var connection = new NpgsqlConnection(primary))
        {
            await connection.OpenAsync();
            await connection.ExecuteAsync("alter system set synchronous_standby_names = '*'");
            await connection.ExecuteAsync("select pg_reload_conf()");
            await Eventually.TrueAsync(async () => await connection.ExecuteScalarAsync<bool>("select exists (select from pg_stat_replication where sync_state = 'sync')"),
                TimeSpan.FromSeconds(20), "the standby confirms commits");
        }
        parts.Port = port;
        return new StandbyServer(folder, port, parts.ConnectionString);

        async Task RunAsync(string name, params string[] arguments)
        {
            var result = await program.RunAsync(binaries.Program(name), folder.Home, arguments, CancellationToken.None);
            if (!result.Succeeded) throw new InvalidOperationException($"{name} ended with {result.ExitCode}: {result.Output}");
        }
    }

    /// <summary>From here on it is the primary, on a timeline of its own.</summary>
    public async Task PromoteAsync()
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync();
        await connection.ExecuteAsync("select pg_promote()");
        await connection.ExecuteAsync("alter system reset synchronous_standby_names");
        await connection.ExecuteAsync("select pg_reload_conf()");
    }

    public async ValueTask DisposeAsync()
    {
        var pid = Path.Combine(folder.Home, Folder, "postmaster.pid");
        if (!File.Exists(pid)) return;
        using (var kill = Process.Start("kill", ["-s", "QUIT", File.ReadLines(pid).First()])) await kill.WaitForExitAsync();
        await Eventually.TrueAsync(() => !File.Exists(pid), TimeSpan.FromSeconds(30), "the standby has stopped");
    }
}
