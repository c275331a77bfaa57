using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>Deletes windows that have served their time, and what is kept of processes that are gone. In batches, so that nobody waits for it.</summary>
public sealed class PrunePerformance(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>A batch is written again for as long as its process lives without a database; none lives so long.</summary>
    static readonly TimeSpan KeepWriters = TimeSpan.FromDays(7);

    const string WindowsSql = """
        delete from model_performance where (window_kind, window_start, provider, model, policy) in (
            select window_kind, window_start, provider, model, policy from model_performance
            where window_kind = @kind and window_start < @before order by window_start limit @BatchRows)
        """;

    const string WritersSql = "delete from model_performance_writers where written_at < @before";

    /// <summary>Rows that one transaction deletes at most.</summary>
    public int BatchRows { get; init; } = 1000;

    /// <returns>How many rows of windows were deleted.</returns>
    public async Task<long> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        long deleted = 0;
        await using var connection = await database.OpenConnectionAsync(ct);
        foreach (var kind in PerformanceWindow.Kinds)
        {
            if (PerformanceWindow.Kept(kind) is not { } kept) continue;
            int rows;
            do
            {
                rows = await connection.ExecuteAsync(new CommandDefinition(WindowsSql, new { kind, before = now - kept, BatchRows }, cancellationToken: ct));
                deleted += rows;
            }
            while (rows == BatchRows);
        }
        await connection.ExecuteAsync(new CommandDefinition(WritersSql, new { before = now - KeepWriters }, cancellationToken: ct));
        return deleted;
    }
}
