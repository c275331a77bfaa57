using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>What holds for all engines on this database.</summary>
public sealed class ReadEngineMode(NpgsqlDataSource database)
{
    const string Sql = "select mode, changed_at, changed_by, min_protocol from task_engine";

    public async Task<EngineMode> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<EngineMode>(new CommandDefinition(Sql, cancellationToken: ct));
    }
}

/// <param name="Mode">running, paused (nothing new is begun) or stopped (what runs is given back too).</param>
/// <param name="MinProtocol">Engines that speak an older one take nothing.</param>
public sealed record EngineMode(string Mode, DateTimeOffset ChangedAt, string ChangedBy, int MinProtocol)
{
    public const string Running = "running", Paused = "paused", Stopped = "stopped";
}
