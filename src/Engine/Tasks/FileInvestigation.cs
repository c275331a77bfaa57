using System.Text.Json;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Files an investigation of a failed task, at most one at a time, in the transaction that lets the task wait.</summary>
public sealed class FileInvestigation(FileTasks file, ILogger<FileInvestigation> log)
{
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ClaimedTask failed, string reason, CancellationToken ct)
    {
        if (failed.Kind == InvestigateFailure.Kind) return; // an investigation that fails is not investigated
        var taskId = failed.Row.TaskId;
        var payload = JsonSerializer.Serialize(new InvestigateFailure(taskId, RecordMove.Shown(reason)), TaskPayload.Options);
        var task = new NewTask(InvestigateFailure.Kind, payload) { DedupKey = $"fault:{taskId}", OriginId = taskId };
        if (await file.RunAsync(connection, transaction, [task], "engine", ct) is Filing.Refused refused) log.NotInvestigated(taskId, refused.Reason);
    }
}
