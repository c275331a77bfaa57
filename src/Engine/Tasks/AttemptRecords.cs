using System.Text.Json;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>What a running attempt reads and writes of its task, fenced by its epoch.</summary>
public sealed class AttemptRecords(NpgsqlDataSource database, TimeProvider time)
{
    const int MaxDetailBytes = 64 * 1024;

    // The row lies where the claim put it unless something changed it meanwhile: then it is looked for.
    const string OwnerSql = """
        select exists (select from task_leases where ctid = @place and task_id = @taskId and epoch = @epoch)
            or exists (select from task_leases where task_id = @taskId and epoch = @epoch)
        """;

    const string NoteSql = """
        with owner as (
            select task_id from task_leases where ctid = @place and task_id = @taskId and epoch = @epoch for share
        ), moved as (
            select task_id from task_leases where not exists (select from owner) and task_id = @taskId and epoch = @epoch for share
        )
        insert into task_notes (task_id, noted_at, epoch, event, actor, detail)
        select task_id, @now, @epoch, @name, @actor, @detail::jsonb from (select task_id from owner union all select task_id from moved) o
        """;

    const string DecisionSql = """
        select decision, decided_by, decided_at, detail::text as detail_json from task_gates where task_id = @taskId and gate = @gate and decision is not null
        """;

    public async Task<bool> StillOwnerAsync(ClaimedTask task, CancellationToken ct)
    {
        if (!task.Lease.Holds) return false;
        await using var connection = await database.OpenConnectionAsync(ct);
        var owns = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(OwnerSql, Parameters(task), cancellationToken: ct));
        return owns && task.Lease.Holds; // the answer may have been long on its way
    }

    /// <exception cref="NotOwnerException">The attempt is over.</exception>
    public async Task NoteAsync(ClaimedTask task, string name, object? detail, CancellationToken ct)
    {
        var json = detail is null ? "{}" : JsonSerializer.Serialize(detail, detail.GetType(), TaskPayload.Options);
        if (json.Length > MaxDetailBytes)
            throw new ArgumentException($"The detail of a note may have at most {MaxDetailBytes} bytes, has {json.Length}.", nameof(detail));
        var parameters = Parameters(task);
        parameters.AddDynamicParams(new { now = time.GetUtcNow(), name, actor = $"worker:{task.Lease.WorkerId}", detail = json.Replace("\\u0000", "\\u2400", StringComparison.Ordinal) });
        await using var connection = await database.OpenConnectionAsync(ct);
        if (await connection.ExecuteAsync(new CommandDefinition(NoteSql, parameters, cancellationToken: ct)) == 0)
            throw new NotOwnerException(task.Row.TaskId, task.Row.Epoch);
    }

    public async Task<GateDecision?> DecisionAsync(ClaimedTask task, string gate, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<GateDecision>(new CommandDefinition(DecisionSql, new { taskId = task.Row.TaskId, gate }, cancellationToken: ct));
    }

    static DynamicParameters Parameters(ClaimedTask task)
    {
        var parameters = new DynamicParameters(new { taskId = task.Row.TaskId, epoch = task.Row.Epoch });
        parameters.Add("place", task.Place); // Npgsql knows the type tid by its value's
        return parameters;
    }
}
