using Npgsql;

namespace Engine.Database;

/// <summary>
/// Connections that are not from the pool: heartbeats, claims and completions must go on when everything else waits for a
/// connection.
/// </summary>
public sealed class ReservedConnections(string connectionString) : IAsyncDisposable
{
    /// <summary>For the statements of the task loop, whose plans must not follow the statistics of tables that swing between empty and millions.</summary>
    const string LoopOptions = "-c enable_seqscan=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan -c jit=off";

    readonly NpgsqlDataSource direct = Build(EngineDatabase.Guarded(connectionString, 1), LoopOptions);
    readonly NpgsqlDataSource pooled = Build(EngineDatabase.Pooled(connectionString, 1), null);

    /// <param name="throughPooler">Behind a transaction pooler, which passes no options on.</param>
    public async ValueTask<NpgsqlConnection> OpenAsync(bool throughPooler, CancellationToken ct) => await (throughPooler ? pooled : direct).OpenConnectionAsync(ct);

    /// <summary>For threads that must not depend on the thread pool.</summary>
    public NpgsqlConnection Open(bool throughPooler) => (throughPooler ? pooled : direct).OpenConnection();

    public async ValueTask DisposeAsync()
    {
        await direct.DisposeAsync();
        await pooled.DisposeAsync();
    }

    static NpgsqlDataSource Build(string connectionString, string? options)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false, ApplicationName = "engine worker", Timeout = 3, CommandTimeout = 10, KeepAlive = 0, MaxAutoPrepare = 0,
        };
        if (options is not null) parts.Options = string.IsNullOrEmpty(parts.Options) ? options : $"{parts.Options} {options}";
        return new NpgsqlDataSourceBuilder(parts.ConnectionString) { Name = "engine_worker" }.Build();
    }
}
