using Dapper;
using Engine.Database;

namespace Engine.Workers;

/// <summary>
/// Clears up behind the tasks: rows of the hot tables live for milliseconds, and autovacuum looks once a minute. As the schema's
/// owner; where no such login is named, autovacuum is left to it. A table that another engine is at is passed over.
/// </summary>
public sealed class VacuumHotTables(EngineDatabase database, TimeProvider time, ILogger<VacuumHotTables> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    /// <summary>Fewer dead rows are not worth a look.</summary>
    const int Dead = 5_000;

    const string ChurnSql = """
        select relname, n_tup_ins + n_tup_upd + n_tup_del as moved from pg_stat_user_tables
        where relname in ('task_ready', 'task_leases', 'task_due', 'task_held', 'task_slots', 'workers')
        """;

    readonly Dictionary<string, long> seen = [];

    /// <returns>The tables that were cleared up.</returns>
    public async Task<IReadOnlyList<string>> RunOnceAsync(CancellationToken ct)
    {
        await using var connection = await database.Owner.OpenConnectionAsync(ct);
        var churned = new List<string>();
        foreach (var (table, moved) in await connection.QueryAsync<(string, long)>(new CommandDefinition(ChurnSql, cancellationToken: ct)))
        {
            if (moved - seen.GetValueOrDefault(table) is >= 0 and < Dead) continue;
            seen[table] = moved;
            churned.Add(table);
        }
        foreach (var table in churned)
        {
            var started = time.GetTimestamp();
            await connection.ExecuteAsync(new CommandDefinition($"vacuum (skip_locked, truncate false, parallel 0) {table}", commandTimeout: 60, cancellationToken: ct));
            log.Vacuumed(table, time.GetElapsedTime(started));
        }
        return churned;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var rest = Every;
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested) return;
            var started = time.GetTimestamp();
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                log.VacuumFailed(e);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            // What an old snapshot keeps from being cleared up makes a pass long: no more than a tenth of the time goes into it.
            var cost = time.GetElapsedTime(started) * 10;
            rest = cost > Every ? cost : Every;
        }
    }
}
