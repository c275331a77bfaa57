namespace Engine.Database.Embedded;

/// <summary>
/// One engine's or command's use of the server: a shared lock on <see cref="PostgresFolder.UsersLock"/>. Whoever can take that
/// lock alone on leaving stops the server, so it runs as long as anybody uses it.
/// </summary>
public sealed class ServerUse : IAsyncDisposable
{
    readonly PostgresFolder folder;
    readonly PostgresServer server;
    readonly EmbeddedPostgresSettings settings;
    readonly FileStream usersLock;
    readonly ILogger log;
    bool isDisposed;

    internal ServerUse(
        PostgresFolder folder, PostgresServer server, EmbeddedPostgresSettings settings, FileStream usersLock, EmbeddedConnections connections, ILogger log) =>
        (this.folder, this.server, this.settings, this.usersLock, Connections, this.log) = (folder, server, settings, usersLock, connections, log);

    public EmbeddedConnections Connections { get; }

    /// <summary>Leaves the server; stops it when nobody else uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (isDisposed) return;
        isDisposed = true;
        await using var startLock = await FileLock.TakeAsync(
            folder.StartLock, exclusive: true, settings.StartTimeout, TimeProvider.System, CancellationToken.None);
        await usersLock.DisposeAsync();
        if (startLock is null) log.StopLockNotFree(folder.StartLock, settings.StartTimeout, folder.Data);
        else if (FileLock.IsFree(folder.UsersLock)) await server.StopAsync();
        else log.ServerLeftToOthers(folder.Data);
    }
}
