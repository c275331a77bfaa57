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

    QueueDatabase(string engine, string owner, TempFolder? folder, EmbeddedPostgres? cluster) =>
        (Engine, Owner, this.folder, this.cluster) = (engine, owner, folder, cluster);

    /// <summary>Connection string of what engines work as.</summary>
    public string Engine { get; }

    /// <summary>Of the login that owns the schema, and may have few sessions only.</summary>
    public string Owner { get; }

    /// <summary>What an engine on this database is told.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["ENGINE__DATABASE__CONNECTIONSTRING"] = Engine, ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = Owner,
    };

    public static async Task<QueueDatabase> OpenAsync(BenchmarkRun run, CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 } url) return new QueueDatabase(FromUrl(url), FromUrl(url), null, null);
        run.Say("a throwaway PostgreSQL with the durable defaults …");
        var folder = new TempFolder();
        var cluster = await EmbeddedPostgres.StartAsync(folder.Path, new EmbeddedPostgresSettings(), NullLogger.Instance, ct);
        return new QueueDatabase(cluster.EngineConnectionString, cluster.OwnerConnectionString, folder, cluster);
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
