using Dapper;
using Support;

namespace Engine.Tests.Schedules;

static class ScheduleRows
{
    public const string EverySecond = "* * * * * ?";
    public const string OnceADay = "0 30 2 * * ?";

    public static async Task AddScheduleAsync(this TestDatabase db, string name, string cron = OnceADay, string timeZone = "UTC",
        string misfirePolicy = "fire_once", bool enabled = true, string duty = "probe")
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("""
            insert into schedules (name, duty, cron, time_zone, misfire_policy, enabled, updated_at)
            values (@name, @duty, @cron, @timeZone, @misfirePolicy, @enabled, clock_timestamp())
            """, new { name, duty, cron, timeZone, misfirePolicy, enabled });
    }

    public static async Task<IReadOnlyList<FireInTable>> FiresAsync(this TestDatabase db, string name)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return [.. await connection.QueryAsync<FireInTable>("""
            select fire_id, fire_time, manual, started_at, finished_at, outcome, detail from schedule_fires where name = @name order by fire_time, fire_id
            """, new { name })];
    }

    public static async Task<int> ExecuteAsync(this TestDatabase db, string sql, object? parameters = null)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteAsync(sql, parameters);
    }

    /// <summary>No schedules, no fires, and nothing that Quartz remembers.</summary>
    public static async Task EmptySchedulesAsync(this TestDatabase db)
    {
        await db.EmptyAsync();
        await db.ExecuteAsync("""
            delete from qrtz_cron_triggers; delete from qrtz_simple_triggers; delete from qrtz_triggers; delete from qrtz_job_details;
            delete from qrtz_fired_triggers; delete from qrtz_scheduler_state;
            """);
    }
}

sealed record FireInTable(Guid FireId, DateTimeOffset FireTime, bool Manual, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, string? Outcome, string? Detail);
