using System.Globalization;
using Dapper;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Deletes what has served its time: answers kept for repeated requests, and old fires. In batches, so that nobody waits for it.</summary>
public sealed class PruneExpired(NpgsqlDataSource database, TimeProvider time) : IScheduledDuty
{
    public static readonly TimeSpan KeepAnswers = TimeSpan.FromHours(24);
    public static readonly TimeSpan KeepFires = TimeSpan.FromDays(90);

    const string Answers = """
        delete from idempotency_keys where (caller, key) in (
            select caller, key from idempotency_keys where created_at < @before order by created_at limit @BatchRows)
        """;
    const string Fires = """
        delete from schedule_fires where fire_id in (
            select fire_id from schedule_fires where fire_time < @before and outcome is not null order by fire_time limit @BatchRows)
        """;

    public string Name => "prune_expired";

    /// <summary>Rows that one transaction deletes at most.</summary>
    public int BatchRows { get; init; } = 1000;

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var answers = await DeleteAsync(Answers, now - KeepAnswers, ct);
        var fires = await DeleteAsync(Fires, now - KeepFires, ct);
        return string.Create(CultureInfo.InvariantCulture, $"Deleted {answers} answers to repeated requests and {fires} fires.");
    }

    async Task<long> DeleteAsync(string sql, DateTimeOffset before, CancellationToken ct)
    {
        long deleted = 0;
        int batch;
        do
        {
            ct.ThrowIfCancellationRequested();
            await using var connection = await database.OpenConnectionAsync(ct);
            batch = await connection.ExecuteAsync(new CommandDefinition(sql, new { before, BatchRows }, cancellationToken: ct));
            deleted += batch;
        }
        while (batch == BatchRows);
        return deleted;
    }
}
