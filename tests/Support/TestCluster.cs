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
        AfterThisProcess.Remove(postgres.DataFolder, folder.Path);
        return postgres.SuperuserConnectionString;
    }

    public static string ConnectionString(string superuser, string database, string? role = null)
    {
        var parts = new NpgsqlConnectionStringBuilder(superuser) { Database = database, MaxPoolSize = 60, Timeout = 10 };
        if (role is not null) parts.Options = $"-c role={role}";
        return parts.ConnectionString;
    }
}
