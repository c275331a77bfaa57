using System.Diagnostics;
using Engine.Database.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Support;

/// <summary>
/// A throwaway PostgreSQL that writes to disk as a real one does, so that it can be crashed: what it has committed is there afterwards.
/// Its database <c>engine</c> has the logins of a production one and is empty until an engine migrates it.
/// </summary>
public sealed class DurableCluster : IAsyncDisposable
{
    readonly TempFolder? folder;
    readonly EmbeddedPostgres postgres;

    DurableCluster(TempFolder? folder, EmbeddedPostgres postgres) => (this.folder, this.postgres) = (folder, postgres);

    public int Port => postgres.Port;

    public string DataFolder => postgres.DataFolder;

    /// <summary>Of the superuser, straight to the server.</summary>
    public string Superuser => ThroughPort(Port);

    /// <summary>Of the superuser, through a port that may be a proxy's.</summary>
    public string ThroughPort(int port) => ConnectionString(postgres.SuperuserConnectionString, port);

    /// <param name="settings">Of PostgreSQL, by name, on top of durable ones.</param>
    /// <param name="place">Where it lies; null: in a folder of its own.</param>
    public static async Task<DurableCluster> StartAsync(IReadOnlyDictionary<string, string>? settings = null, string? place = null)
    {
        var folder = place is null ? new TempFolder() : null;
        var postgres = await EmbeddedPostgres.StartAsync(place ?? folder!.Path, new EmbeddedPostgresSettings(), settings ?? new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        AfterThisProcess.Remove(postgres.DataFolder, place ?? folder!.Path);
        return new DurableCluster(folder, postgres);
    }

    /// <summary>What the engine connects as, through a port that may be a proxy's.</summary>
    public string Engine(int port) => ConnectionString(postgres.EngineConnectionString, port);

    /// <summary>The owner of the schema, through a port that may be a proxy's.</summary>
    public string Owner(int port) => ConnectionString(postgres.OwnerConnectionString, port);

    /// <summary>Starts it again when it has died, as whoever watches over a server does.</summary>
    /// <returns>Whether it had.</returns>
    public Task<bool> BringBackAsync() => postgres.BringBackAsync(CancellationToken.None);

    /// <summary>As <c>pg_ctl -m immediate restart</c>: a crash, then it recovers from its log.</summary>
    /// <param name="away">How long it stays away between.</param>
    public async Task RestartImmediatelyAsync(TimeSpan away, CancellationToken ct)
    {
        await CrashAsync(ct);
        await Task.Delay(away, ct);
        await postgres.BringBackAsync(CancellationToken.None);
    }

    /// <summary>Every process of it is gone at once.</summary>
    public async Task CrashAsync(CancellationToken ct)
    {
        var postmaster = File.ReadLines(Path.Combine(DataFolder, "postmaster.pid")).First();
        using (var kill = Process.Start("kill", ["-s", "QUIT", postmaster])) await kill.WaitForExitAsync(ct);
        await Eventually.TrueAsync(() => !postgres.IsRunning, TimeSpan.FromSeconds(30), "PostgreSQL has stopped");
    }

    /// <summary>Starts a standby that confirms each commit of this one.</summary>
    public Task<StandbyServer> StartStandbyAsync() => StandbyServer.StartAsync(new PostgresFolder(Path.GetDirectoryName(Path.GetDirectoryName(DataFolder))!), postgres.Binaries, Superuser);

    public async ValueTask DisposeAsync()
    {
        await postgres.DisposeAsync();
        folder?.Dispose();
    }

    static string ConnectionString(string connectionString, int port) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;
}
