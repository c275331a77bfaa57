using System.Text.Json;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Files an investigation of a failed task, at most one at a time, in the transaction that lets the task wait.</summary>
public sealed class FileInvestigation(FileTasks file, TaskKinds kinds)
{
    public const string Kind = "investigate_failure";

    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ClaimedTask failed, string reason, CancellationToken ct)
    {
        if (kinds.Find(Kind) is null || failed.Kind == Kind) return; // an investigation that fails is not investigated
        var taskId = failed.Row.TaskId;
        var payload = JsonSerializer.Serialize(new { task_id = taskId, reason = EndedAttempt.Shown(reason) });
        await file.RunAsync(connection, transaction, [new NewTask(Kind, payload) { DedupKey = $"fault:{taskId}", OriginId = taskId }], "engine", ct);
    }
}
