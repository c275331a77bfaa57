using System.Diagnostics;
using Engine.Database.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Support;

/// <summary>
/// One PostgreSQL for all tests of an assembly, or the one that <c>ENGINE_TEST_POSTGRES</c> names (a superuser's connection
/// string); databases in it are cloned from a migrated template.
/// </summary>
public static class TestCluster
{
    static readonly Lazy<Task<string>> Superuser = new(StartAsync);

    /// <summary>Connection string of the superuser to the maintenance database.</summary>
    public static Task<string> SuperuserAsync() => Superuser.Value;

    static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("ENGINE_TEST_POSTGRES") is { Length: > 0 } named) return named;
        var folder = new TempFolder();
        // Nothing here survives the run, so nothing needs to reach the disk.
        var settings = new Dictionary<string, string> { ["fsync"] = "off", ["synchronous_commit"] = "off", ["full_page_writes"] = "off", ["max_connections"] = "400" };
        var postgres = await EmbeddedPostgres.StartAsync(folder.Path, new EmbeddedPostgresSettings(), settings, NullLogger.Instance, CancellationToken.None);
        RemoveAfterThisProcess(postgres, folder.Path);
        return postgres.SuperuserConnectionString;
    }

    /// <summary>
    /// A process beside this one waits for its end, however that comes, and clears up: test hosts are given no time to do it
    /// themselves, and one that hangs is killed.
    /// </summary>
    static void RemoveAfterThisProcess(EmbeddedPostgres postgres, string folder)
    {
        const string ClearUp = """
            exec <&- >/dev/null 2>&1
            tail --pid="$1" -f /dev/null
            kill -QUIT "$2"
            tail --pid="$2" -f /dev/null
            rm -rf "$3"
            """;
        var postmaster = File.ReadLines(Path.Combine(postgres.DataFolder, "postmaster.pid")).First();
        using var started = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", ClearUp, "sh", $"{Environment.ProcessId}", postmaster, folder]));
    }

    public static string ConnectionString(string superuser, string database, string? role = null)
    {
        var parts = new NpgsqlConnectionStringBuilder(superuser) { Database = database, MaxPoolSize = 60, Timeout = 10 };
        if (role is not null) parts.Options = $"-c role={role}";
        return parts.ConnectionString;
    }
}
