using System.Globalization;
using Dapper;
using Engine.Schedules;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Makes the tables of the days to come and drops whole days that have served their time; and clears away what nothing refers to any more.</summary>
public sealed class KeepTaskPartitions(NpgsqlDataSource database, TimeProvider time, TasksSettings settings, ForgetConcurrencyKeys forgetKeys) : IScheduledDuty
{
    const int DaysBefore = 1, DaysAhead = 7;
    static readonly TimeSpan KeepWorkers = TimeSpan.FromDays(7);

    const string MakeSql = "select make_task_partitions(@first::date, @days)";
    const string DropSql = "select count(*)::integer from drop_task_partitions(@before)";
    const string WorkersSql = "delete from workers where cleared_at < @before";

    public string Name => "task_partitions";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var made = await MakeAsync(ct);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var dropped = await DropAsync(connection, now - TimeSpan.FromDays(settings.KeepDays), ct);
        var workers = await connection.ExecuteAsync(new CommandDefinition(WorkersSql, new { before = now - KeepWorkers }, cancellationToken: ct));
        var keys = await forgetKeys.RunAsync(ct);
        return string.Create(CultureInfo.InvariantCulture,
            $"Made {made} tables for days to come; dropped {dropped}, {workers} workers and {keys} concurrency keys.");
    }

    /// <summary>A transaction for each day: while it drops one, claims and filings wait.</summary>
    /// <returns>How many were dropped, in words.</returns>
    static async Task<string> DropAsync(NpgsqlConnection connection, DateTimeOffset before, CancellationToken ct)
    {
        var days = 0;
        try
        {
            while (await connection.ExecuteScalarAsync<int>(new CommandDefinition(DropSql, new { before }, cancellationToken: ct)) > 0) days++;
            return string.Create(CultureInfo.InvariantCulture, $"{days} days of tasks");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Not tried again at once: each try makes others wait.
            return string.Create(CultureInfo.InvariantCulture, $"{days} days of tasks (their tables were in use; the next hour again)");
        }
    }

    /// <summary>Yesterday's to those of a week ahead; the ids of tasks may come from clocks that are a little off.</summary>
    /// <returns>How many were missing.</returns>
    public async Task<int> MakeAsync(CancellationToken ct)
    {
        var first = time.GetUtcNow().UtcDateTime.Date.AddDays(-DaysBefore);
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition(MakeSql,
            new { first = first.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), days = DaysBefore + 1 + DaysAhead }, cancellationToken: ct));
    }
}
