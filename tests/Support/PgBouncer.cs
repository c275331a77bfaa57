using Npgsql;

namespace Support;

/// <summary>A real PgBouncer before a PostgreSQL, pooling transactions: each meets whatever session is free.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    const UnixFileMode Everybody = (UnixFileMode)0b111_101_101;

    readonly TempFolder folder;
    readonly RunningProgram program;

    PgBouncer(TempFolder folder, RunningProgram program, int port) => (this.folder, this.program, Port) = (folder, program, port);

    public int Port { get; }

    public string Log => program.Output + program.Error;

    /// <param name="logins">Connection strings of those who may come through; all to one server.</param>
    public static async Task<PgBouncer> StartAsync(params string[] logins)
    {
        var (folder, port) = (new TempFolder(), EngineProcess.FreePort());
        var parts = logins.Select(l => new NpgsqlConnectionStringBuilder(l)).ToArray();
        File.SetUnixFileMode(folder.Path, Everybody); // it does not run as root
        var users = folder.File("users.txt", string.Concat(parts.Select(p => $"\"{p.Username}\" \"{p.Password}\"\n")));
        var settings = folder.File("pgbouncer.ini", $"""
            [databases]
            * = host=127.0.0.1 port={parts[0].Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = transaction
            default_pool_size = 6
            max_client_conn = 500
            """);
        var bouncer = new PgBouncer(folder, RunningProgram.Start("pgbouncer", Environment.IsPrivilegedProcess ? ["-u", "postgres", settings] : [settings]), port);
        var login = new NpgsqlConnectionStringBuilder(logins[0]) { Port = port, Pooling = false, Timeout = 3 }.ConnectionString;
        await Eventually.TrueAsync(async () => bouncer.program.HasExited ? throw new InvalidOperationException($"pgbouncer ended:\n{bouncer.Log}") : await AnswersAsync(login),
            TimeSpan.FromSeconds(20), "PgBouncer answers");
        return bouncer;
    }

    static async Task<bool> AnswersAsync(string login)
    {
        try
        {
            await using var connection = new NpgsqlConnection(login);
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException e) when (e is not PostgresException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync()
    {
        program.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
