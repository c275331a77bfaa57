using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>
/// The PostgreSQL that the engine brings up itself, one cluster a data folder. Engines and commands on the same folder share
/// it, see <see cref="ServerUse"/>.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    // The engine's clock counts from the database's, which this has yet to start.
    static readonly TimeProvider Time = TimeProvider.System;

    readonly PostgresFolder folder;
    readonly PostgresServer server;
    readonly ServerLogs logs;
    readonly EmbeddedPostgresSettings settings;
    readonly ServerUse use;
    bool isDisposed;

    EmbeddedPostgres(PostgresFolder folder, PostgresServer server, ServerLogs logs, PostgresBinaries binaries, EmbeddedPostgresSettings settings, ServerUse use)
    {
        (this.folder, this.server, this.logs) = (folder, server, logs);
        (Binaries, this.settings, this.use) = (binaries, settings, use);
    }

    public PostgresBinaries Binaries { get; }
    public string DataFolder => folder.Data;
    public int Port => use.Connections.Port;
    public string EngineConnectionString => use.Connections.Engine;
    public string OwnerConnectionString => use.Connections.Owner;
    public string ReaderConnectionString => use.Connections.Reader;
    public string SuperuserConnectionString => use.Connections.Superuser;

    /// <summary>Makes what is missing, starts the server or adopts the one that runs, and sets up database and logins.</summary>
    /// <exception cref="StartupException">It cannot be, for a reason that a person can mend.</exception>
    public static Task<EmbeddedPostgres> StartAsync(string dataFolder, EmbeddedPostgresSettings settings, ILogger log, CancellationToken ct) =>
        StartAsync(dataFolder, settings, new Dictionary<string, string>(), log, ct);

    /// <param name="extra">PostgreSQL settings by name that win over the engine's: <c>fsync = off</c> and the like, for tests.</param>
    public static async Task<EmbeddedPostgres> StartAsync(
        string dataFolder, EmbeddedPostgresSettings settings, IReadOnlyDictionary<string, string> extra, ILogger log, CancellationToken ct)
    {
        try
        {
            var folder = new PostgresFolder(PrepareFolders.Root(dataFolder));
            await using var startLock = await FileLock.TakeAsync(folder.StartLock, exclusive: true, settings.StartTimeout, Time, ct)
                ?? throw Busy(folder, settings);
            return await StartLockedAsync(folder, settings, extra, log, ct);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StartupException($"The embedded PostgreSQL cannot be prepared in {Path.GetFullPath(dataFolder)}: {e.Message}",
                "start the engine as the user who owns that folder, see that its disk is writable and not full, or set ENGINE_DATA to another folder.", e);
        }
    }

    static async Task<EmbeddedPostgres> StartLockedAsync(
        PostgresFolder folder, EmbeddedPostgresSettings settings, IReadOnlyDictionary<string, string> extra, ILogger log, CancellationToken ct)
    {
        var user = PostgresUser.OfThisProcess();
        var program = new RunProgram(user);
        Native.KeepFilesFromChildren();
        await new PrepareFolders(folder, user, program).RunAsync(ct);
        var binaries = await PostgresBinaries.FindAsync(settings, folder, user, ct);
        var secrets = ClusterSecrets.Prepare(folder);
        var isDurable = extra.GetValueOrDefault("fsync") != "off";
        await new CreateCluster(folder, program, log).RunAsync(binaries, secrets.Superuser, isDurable, ct);

        // Whoever comes or goes holds the start lock, so nobody joins between these two lines.
        var alone = FileLock.IsFree(folder.UsersLock);
        var usersLock = FileLock.TryTake(folder.UsersLock, exclusive: false) ?? throw Busy(folder, settings);
        var server = new PostgresServer(folder, user, program, settings, extra, Time, log);
        try
        {
            var port = await server.EnsureRunningAsync(binaries, alone, ct);
            var connections = new EmbeddedConnections(folder, port, secrets);
            await new PrepareDatabase(connections, secrets, folder, binaries, user).RunAsync(ct);
            var logs = new ServerLogs(folder, program);
            await logs.RunAsync(ct);
            return new EmbeddedPostgres(folder, server, logs, binaries, settings, new ServerUse(folder, server, settings, usersLock, connections, log));
        }
        catch
        {
            await usersLock.DisposeAsync();
            // A server that is still recovering is left to it, or a long recovery would begin anew at each try.
            if (alone && (ct.IsCancellationRequested || PostmasterPid.Read(folder) is { IsReady: true })) await server.StopAsync();
            throw;
        }
    }

    /// <summary>Uses the server of a data folder if one runs, without starting or changing any: it stays up for as long as the use lasts.</summary>
    /// <returns>Null when none is ready there.</returns>
    /// <exception cref="StartupException">The folder belongs to another user.</exception>
    public static async Task<ServerUse?> TryJoinAsync(string dataFolder, EmbeddedPostgresSettings settings, ILogger log, CancellationToken ct)
    {
        if (TryAttach(dataFolder) is null) return null;
        var folder = new PostgresFolder(Native.RealPath(Path.GetFullPath(dataFolder)));
        await using var startLock = await FileLock.TakeAsync(folder.StartLock, exclusive: true, settings.StartTimeout, Time, ct)
            ?? throw Busy(folder, settings);
        if (TryAttach(dataFolder) is not { } connections) return null; // stopped while this waited
        var usersLock = FileLock.TryTake(folder.UsersLock, exclusive: false) ?? throw Busy(folder, settings);
        var user = PostgresUser.OfThisProcess();
        var server = new PostgresServer(folder, user, new RunProgram(user), settings, new Dictionary<string, string>(), Time, log);
        return new ServerUse(folder, server, settings, usersLock, connections, log);
    }

    /// <summary>How to reach the server of a data folder if one runs; starts and changes nothing, and does not keep it from being stopped.</summary>
    /// <returns>Null when none is ready there.</returns>
    /// <exception cref="StartupException">The folder belongs to another user.</exception>
    public static EmbeddedConnections? TryAttach(string dataFolder)
    {
        var folder = new PostgresFolder(Native.RealPath(Path.GetFullPath(dataFolder)));
        try
        {
            if (PostmasterPid.Read(folder) is not { IsReady: true } pid || !(pid.IsAlive(folder) || pid.Answers(folder))) return null;
            return ClusterSecrets.Read(folder) is { } secrets ? new EmbeddedConnections(folder, pid.Port, secrets) : null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StartupException($"The data folder {folder.Root} may not be read: {e.Message}",
                "run this as the user who starts the engine (for example with sudo).", e);
        }
    }

    /// <summary>Whether the server's process is there; cheap enough to ask every second.</summary>
    public bool IsRunning => server.IsAlive;

    /// <summary>Starts the server again, on its port, when it has died.</summary>
    /// <returns>True when it was this call that did.</returns>
    public async Task<bool> BringBackAsync(CancellationToken ct)
    {
        await using var startLock = await FileLock.TakeAsync(folder.StartLock, exclusive: true, settings.StartTimeout, Time, ct)
            ?? throw Busy(folder, settings);
        if (isDisposed || server.IsAlive) return false;
        await server.EnsureRunningAsync(Binaries, alone: false, ct);
        return true;
    }

    /// <summary>Removes the oldest of the server's log files; cheap when there is nothing to remove.</summary>
    public Task PruneLogsAsync(CancellationToken ct) => logs.RunAsync(ct);

    /// <summary>Leaves the server; stops it when nobody else uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        isDisposed = true;
        await use.DisposeAsync();
    }

    static StartupException Busy(PostgresFolder folder, EmbeddedPostgresSettings settings) => new(
        $"Another engine has been starting or stopping PostgreSQL in {folder.Root} for more than {settings.StartTimeout}.",
        $"start again when it is done; to see which process it is: fuser -v '{folder.StartLock}'");
}
