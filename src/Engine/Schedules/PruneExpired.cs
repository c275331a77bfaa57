using System.Globalization;
using Dapper;
using Engine.Http;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Deletes what has served its time: answers kept for repeated requests, and old fires. In batches, so that nobody waits for it.</summary>
public sealed class PruneExpired(NpgsqlDataSource database, TimeProvider time, ForgetOldAnswers forgetAnswers) : IScheduledDuty
{
    public static readonly TimeSpan KeepFires = TimeSpan.FromDays(90);

    const string Fires = """
        delete from schedule_fires where fire_id in (
            select fire_id from schedule_fires where fire_time < @before and outcome is not null order by fire_time limit @BatchRows)
        """;

    public string Name => "prune_expired";

    /// <summary>Rows that one transaction deletes at most.</summary>
    public int BatchRows { get; init; } = 1000;

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var answers = await forgetAnswers.RunAsync(BatchRows, ct);
        var fires = await ForgetFiresAsync(time.GetUtcNow() - KeepFires, ct);
        return string.Create(CultureInfo.InvariantCulture, $"Deleted {answers} answers to repeated requests and {fires} fires.");
    }

    async Task<long> ForgetFiresAsync(DateTimeOffset before, CancellationToken ct)
    {
        long deleted = 0;
        int batch;
        do
        {
            ct.ThrowIfCancellationRequested();
            await using var connection = await database.OpenConnectionAsync(ct);
            batch = await connection.ExecuteAsync(new CommandDefinition(Fires, new { before, BatchRows }, cancellationToken: ct));
            deleted += batch;
        }
        while (batch == BatchRows);
        return deleted;
    }
}
