using Npgsql;

namespace Support;

/// <summary>One PostgreSQL for all tests of an assembly; databases in it are cloned from a migrated template.</summary>
public static class TestCluster
{
    static readonly Lazy<Task<string>> Superuser = new(StartAsync);

    /// <summary>Connection string of the superuser to the maintenance database.</summary>
    public static Task<string> SuperuserAsync() => Superuser.Value;

    static Task<string> StartAsync() => Task.FromResult(Environment.GetEnvironmentVariable("ENGINE_TEST_POSTGRES")
        ?? throw new InvalidOperationException("Set ENGINE_TEST_POSTGRES to a superuser's connection string."));

    public static string ConnectionString(string superuser, string database, string? role = null)
    {
        var parts = new NpgsqlConnectionStringBuilder(superuser) { Database = database, MaxPoolSize = 60, Timeout = 10 };
        if (role is not null) parts.Options = $"-c role={role}";
        return parts.ConnectionString;
    }
}
