using Dapper;
using Engine.Faults;
using Npgsql;

namespace Engine.Schedules;

/// <summary>Runs the duty of a fire that the caller has begun, and writes down how it went. What stopped it in passing gives it back, to be taken again.</summary>
public sealed class RunFire(
    NpgsqlDataSource database, TimeProvider time, IEnumerable<IScheduledDuty> duties, ScheduleMetrics metrics, ILogger<RunFire> log)
{
    /// <summary>No duty runs longer; a fire that has been running longer still has lost its process.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    const int MaxDetail = 2000;
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // The fence: a fire that was failed over or given back meanwhile has another start.
    const string FinishSql = """
        update schedule_fires set finished_at = @now, outcome = @outcome, detail = @detail
        where fire_id = @FireId and started_at = @StartedAt and outcome is null
        """;
    const string GiveBackSql = """
        update schedule_fires set started_at = null
        where fire_id = @FireId and started_at = @StartedAt and outcome is null
        """;

    readonly Dictionary<string, IScheduledDuty> byName = duties.ToDictionary(d => d.Name);

    /// <param name="ct">Fires when the process stops: the fire is given back and another process takes it.</param>
    public async Task RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        metrics.Started(fire);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            if (!byName.TryGetValue(fire.Duty, out var duty)) throw new DutyFailedException($"This engine knows no duty \"{fire.Duty}\".");
            var detail = await duty.RunAsync(fire, either.Token);
            if (await FinishAsync(fire, "succeeded", detail, ct)) log.Succeeded(fire.Name, fire.FireTime, detail);
        }
        catch (DutyFailedException e)
        {
            if (await FinishAsync(fire, "failed", e.Message, ct)) log.DutyFailed(fire.Name, fire.FireTime, e.Message);
        }
        catch (Exception e) when (limit.IsCancellationRequested)
        {
            if (await FinishAsync(fire, "failed", $"It took longer than {Limit}.", ct)) log.Crashed(e, fire.Name, fire.FireTime);
        }
        catch (Exception e) when (Fault.Of(e, ct) == FaultKind.Cancelled || Fault.Of(e, ct) == FaultKind.Transient && IsYoung(fire))
        {
            if (await WriteAsync(GiveBackSql, fire, null, null, ct))
                log.GivenBack(fire.Name, fire.FireTime, ct.IsCancellationRequested ? "this process stops" : e.Message);
        }
        catch (Exception e)
        {
            if (await FinishAsync(fire, "failed", $"{e.GetType().Name}: {e.Message}", ct)) log.Crashed(e, fire.Name, fire.FireTime);
        }
    }

    async Task<bool> FinishAsync(ScheduledFire fire, string outcome, string detail, CancellationToken ct)
    {
        if (detail.Length > MaxDetail) detail = string.Concat(detail.AsSpan(0, MaxDetail - 1), "…");
        if (!await WriteAsync(FinishSql, fire, outcome, detail, ct)) return false;
        metrics.Finished(fire, outcome);
        return true;
    }

    /// <summary>Tries until the database takes it, so that a fire does not look as if it still ran. A stop ends the trying, after one try.</summary>
    /// <returns>False when the fire is this process's no more: it was taken for lost, and somebody else has written how it ended.</returns>
    async Task<bool> WriteAsync(string sql, ScheduledFire fire, string? outcome, string? detail, CancellationToken ct)
    {
        for (var isAgain = false; ; isAgain = true) // what hits nothing the second time may have been written by the first, whose answer was lost
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
                var rows = await connection.ExecuteAsync(new CommandDefinition(
                    sql, new { fire.FireId, fire.StartedAt, outcome, detail, now = time.GetUtcNow() }, cancellationToken: CancellationToken.None));
                if (rows == 0 && !isAgain) log.LostItsFence(fire.Name, fire.FireTime);
                return rows > 0 || isAgain;
            }
            catch (Exception e) when (Fault.IsDatabaseAway(e) && !ct.IsCancellationRequested && IsYoung(fire))
            {
                await Task.Delay(Pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    bool IsYoung(ScheduledFire fire) => time.GetUtcNow() - fire.FireTime < Limit;
}
