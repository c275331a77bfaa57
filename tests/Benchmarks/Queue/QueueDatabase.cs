using Engine.Database.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;

namespace Benchmarks.Queue;

/// <summary>The database that a queue benchmark works on: the one <c>DATABASE_URL</c> names, or a throwaway cluster with the durable defaults.</summary>
sealed class QueueDatabase : IAsyncDisposable
{
    readonly TempFolder? folder;
    readonly EmbeddedPostgres? cluster;

    QueueDatabase(string connectionString, TempFolder? folder, EmbeddedPostgres? cluster) => (ConnectionString, this.folder, this.cluster) = (connectionString, folder, cluster);

    /// <summary>Of a login that owns the schema.</summary>
    public string ConnectionString { get; }

    public static async Task<QueueDatabase> OpenAsync(BenchmarkRun run, CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 } url) return new QueueDatabase(FromUrl(url), null, null);
        run.Say("a throwaway PostgreSQL with the durable defaults …");
        var folder = new TempFolder();
        var cluster = await EmbeddedPostgres.StartAsync(folder.Path, new EmbeddedPostgresSettings(), NullLogger.Instance, ct);
        return new QueueDatabase(cluster.OwnerConnectionString, folder, cluster);
    }

    public async ValueTask DisposeAsync()
    {
        if (cluster is not null) await cluster.DisposeAsync();
        folder?.Dispose();
    }

    /// <param name="url"><c>postgres://user:password@host:port/database?host=/socket/folder</c>, or a connection string as it is.</param>
    static string FromUrl(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgres" or "postgresql")) return url;
        var login = uri.UserInfo.Split(':', 2);
        var query = System.Web.HttpUtility.ParseQueryString(uri.Query);
        var parts = new NpgsqlConnectionStringBuilder
        {
            Host = query["host"] ?? (uri.Host.Length > 0 ? uri.Host : "127.0.0.1"),
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : "postgres",
        };
        if (login.Length == 2) parts.Password = Uri.UnescapeDataString(login[1]);
        return parts.ConnectionString;
    }
}
