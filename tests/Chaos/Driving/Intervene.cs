using System.Diagnostics;
using Chaos.Plans;
using Chaos.Recorded;
using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Chaos.Driving;

/// <summary>An operator's commands on tasks that they may fit, at whatever moment they come.</summary>
public sealed class Intervene(EngineParts parts, NpgsqlDataSource superuser, HistoryFile history)
{
    const string Actor = "chaos";

    public async Task RunAsync(Step.Intervene step, CancellationToken ct)
    {
        if (await PickAsync(step, ct) is not { } taskId) return;
        await RunAsync(step.What, taskId, ct);
    }

    public async Task RunAsync(string what, Guid taskId, CancellationToken ct)
    {
        var sentAt = Stopwatch.GetTimestamp();
        Commit commit;
        string said;
        try
        {
            var outcome = what switch
            {
                "cancel" => await parts.Get<CancelTask>().RunAsync(taskId, null, Actor, null, ct),
                "retry" => await parts.Get<RetryTask>().RunAsync(taskId, null, Actor, null, ct),
                "redrive" => await parts.Get<RedriveTask>().RunAsync(taskId, null, null, Actor, null, ct),
                _ => await parts.Get<ReassignTask>().RunAsync(taskId, null, Actor, null, ct),
            };
            (commit, said) = (outcome is TaskMove.Done ? Commit.Done : Commit.Refused, $"{outcome}");
        }
        catch (Exception e) // whatever went wrong: whether it counts is not known
        {
            (commit, said) = (Commit.Unknown, e.Message);
        }
        history.Add(new RecordedDecision(what, taskId, null, null, null, Actor, sentAt, Stopwatch.GetTimestamp(), commit, said));
    }

    async Task<Guid?> PickAsync(Step.Intervene step, CancellationToken ct)
    {
        // Now and then the last one of all: a command that does not fit.
        var among = step.Number % 7 == 0 ? "tasks" : step.What switch
        {
            "cancel" => step.Number % 2 == 0 ? "task_leases" : "governance_tasks where state not in ('succeeded', 'failed', 'dead', 'cancelled')",
            "retry" => step.Number % 2 == 0 ? "task_parked" : "task_due",
            "redrive" => "task_attempts where final_state in ('failed', 'dead', 'cancelled') and reopened_at is null",
            _ => "task_leases",
        };
        await using var connection = await superuser.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            $"select task_id from (select task_id from {among}) t order by task_id desc offset @Number % greatest(1, least(20, (select count(*) from {among}))) limit 1",
            new { step.Number }, cancellationToken: ct));
    }
}
