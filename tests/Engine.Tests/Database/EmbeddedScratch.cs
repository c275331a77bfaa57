using System.Globalization;
using Engine.Database.Embedded;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engine.Tests.Database;

/// <summary>A data folder of its own for one test; what still runs in it afterwards is killed and the folder removed.</summary>
public sealed class EmbeddedScratch : IAsyncDisposable
{
    static readonly Dictionary<string, string> Fast = new() { ["fsync"] = "off", ["full_page_writes"] = "off" };
    static int count;

    readonly string top = Path.Combine(Path.GetTempPath(), $"engine-pg-{Environment.ProcessId}-{Interlocked.Increment(ref count)}");

    public EmbeddedScratch(string name = "data") => Folder = new PostgresFolder(Path.Combine(top, name));

    public PostgresFolder Folder { get; }

    public static PostgresUser? User { get; } = PostgresUser.OfThisProcess();

    /// <summary>A folder with a cluster that was made, used and stopped before: a copy, to save the second that making one takes.</summary>
    public static async Task<EmbeddedScratch> WithClusterAsync(string name = "data")
    {
        var scratch = new EmbeddedScratch(name);
        Directory.CreateDirectory(Path.GetDirectoryName(scratch.Folder.Root)!);
        await SystemAsync("cp", "-a", await EmbeddedSeed.FolderAsync(), scratch.Folder.Root);
        return scratch;
    }

    public Task<EmbeddedPostgres> StartAsync(
        Dictionary<string, string>? extra = null, EmbeddedPostgresSettings? settings = null, ILogger? log = null, CancellationToken ct = default) =>
        EmbeddedPostgres.StartAsync(Folder.Root, settings ?? new(), new Dictionary<string, string>([.. Fast, .. extra ?? []]),
            log ?? NullLogger.Instance, ct);

    /// <summary>Ends the server as a crash or an operator in a hurry would.</summary>
    public void KillServer()
    {
        using var process = System.Diagnostics.Process.GetProcessById(PostmasterPid.Read(Folder)!.ProcessId);
        process.Kill();
        process.WaitForExit();
    }

    public static async Task<T> QueryAsync<T>(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs a program of the system as the test's own user.</summary>
    public static async Task<string> SystemAsync(string program, params string[] arguments)
    {
        var result = await new RunProgram(user: null).RunAsync(program, "/", arguments, CancellationToken.None);
        Assert.True(result.Succeeded, $"{program} {string.Join(' ', arguments)}: {result.Output}");
        return result.Output;
    }

    public async ValueTask DisposeAsync()
    {
        if (PostmasterPid.Read(Folder) is { } pid && pid.IsAlive(Folder)) KillServer();
        await SystemAsync("rm", "-rf", top);
    }

    /// <summary>One number out of /proc/PID/stat, counted as in proc(5): 6 is the session.</summary>
    public static int ProcessStat(int processId, int field)
    {
        var afterName = File.ReadAllText($"/proc/{processId}/stat").Split(") ", 2)[1].Split(' ');
        return int.Parse(afterName[field - 3], CultureInfo.InvariantCulture);
    }
}

/// <summary>The cluster that tests copy; removed when the last of them is done.</summary>
[CollectionDefinition(Name)]
public sealed class EmbeddedSeed : ICollectionFixture<EmbeddedSeed>, IAsyncLifetime
{
    public const string Name = "embedded PostgreSQL";
    static Lazy<Task<EmbeddedScratch>> seed = new(MakeAsync);

    public static async Task<string> FolderAsync() => (await seed.Value).Folder.Root;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (seed.IsValueCreated) await (await seed.Value).DisposeAsync();
        seed = new(MakeAsync);
    }

    static async Task<EmbeddedScratch> MakeAsync()
    {
        var scratch = new EmbeddedScratch("seed");
        await using (await scratch.StartAsync()) { }
        return scratch;
    }
}

/// <summary>A test that only says something when root runs it.</summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess) Skip = "only root has another user run PostgreSQL";
    }
}
