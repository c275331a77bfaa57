using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Tasks;

/// <summary>Writes the rows of tasks that are being filed.</summary>
public sealed class InsertTasks
{
    /// <summary>From here on COPY is the faster way.</summary>
    const int Many = 200;

    const string TasksSql = """
        with filed as (
            insert into tasks (task_id, lane_id, filed_at, filed_by, dry_run, deadline_at, dedup_key, concurrency_key, origin_id, payload)
            select r.task_id, r.lane_id, @now, @filedBy, r.dry_run, r.deadline_at, r.dedup_key, r.concurrency_key, r.origin_id, r.payload
            from unnest(@taskIds, @laneIds, @dryRuns, @deadlines, @dedupKeys, @concurrencyKeys, @origins, @payloads::jsonb[])
                r(task_id, lane_id, dry_run, deadline_at, dedup_key, concurrency_key, origin_id, payload)
            on conflict (task_id) do nothing
            returning task_id, deadline_at
        ), deadlines as (
            insert into task_deadlines (task_id, look_at) select task_id, deadline_at from filed where deadline_at is not null
        )
        select task_id from filed
        """;

    const string OnePlainSql = """
        insert into tasks (task_id, lane_id, filed_at, filed_by, dry_run, deadline_at, origin_id, payload) values ($1, $2, $3, $4, $5, $6, $7, $8);
        """;

    const string OneReadySql = "insert into task_ready (task_id, epoch, ready_at, lane_id) values ($1, 0, $2, $3)";

    const string WaitingSql = """
        with edges as (
            insert into task_dependencies (child_id, parent_id, settled)
            select * from unnest(@children, @parents, @settled) on conflict (child_id, parent_id) do nothing
        )
        insert into task_waiting (task_id, open, failed, due_at, lane_id, flags)
        select * from unnest(@taskIds, @open, @failed, @dueAts, @laneIds, @flags)
        """;

    /// <summary>Plain tasks, ready at once, in one implicit transaction and one round trip; with the hint to workers in it.</summary>
    public async Task PlainAsync(NpgsqlConnection connection, IReadOnlyList<FilingRow> rows, string filedBy, DateTimeOffset now, WakeHint hint, CancellationToken ct)
    {
        if (rows.Count >= Many)
        {
            await CopyAsync(connection, rows, filedBy, now, hint, ct);
            return;
        }
        await using var batch = new NpgsqlBatch(connection);
        foreach (var row in rows)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(OnePlainSql)
            {
                Parameters =
                {
                    new() { Value = row.TaskId }, new() { Value = row.LaneId }, new() { Value = now.UtcDateTime }, new() { Value = filedBy },
                    new() { Value = row.Task.DryRun }, Nullable(row.Task.DeadlineAt?.UtcDateTime, NpgsqlDbType.TimestampTz), Nullable(row.Task.OriginId, NpgsqlDbType.Uuid),
                    new() { Value = row.Task.PayloadJson, NpgsqlDbType = NpgsqlDbType.Jsonb },
                },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(OneReadySql)
            {
                Parameters = { new() { Value = row.TaskId }, new() { Value = now.UtcDateTime }, new() { Value = row.LaneId } },
            });
        }
        if (hint.Command() is { } notify) batch.BatchCommands.Add(notify);
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <returns>The ids that were not there yet.</returns>
    public async Task<IReadOnlySet<Guid>> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, string filedBy, DateTimeOffset now, CancellationToken ct) =>
        rows.Count == 0 ? new HashSet<Guid>() : (await connection.QueryAsync<Guid>(new CommandDefinition(TasksSql, new
        {
            now,
            filedBy,
            taskIds = rows.Select(r => r.TaskId).ToArray(),
            laneIds = rows.Select(r => r.LaneId).ToArray(),
            dryRuns = rows.Select(r => r.Task.DryRun).ToArray(),
            deadlines = rows.Select(r => r.Task.DeadlineAt).ToArray(),
            dedupKeys = rows.Select(r => r.Task.DedupKey).ToArray(),
            concurrencyKeys = rows.Select(r => r.Task.ConcurrencyKey).ToArray(),
            origins = rows.Select(r => r.Task.OriginId).ToArray(),
            payloads = rows.Select(r => r.Task.PayloadJson).ToArray(),
        }, transaction, cancellationToken: ct))).ToHashSet();

    /// <summary>Tasks with parents that have not all succeeded.</summary>
    public Task WaitingAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, AttachedParents parents, CancellationToken ct)
    {
        if (rows.Count == 0) return Task.CompletedTask;
        var edges = rows.SelectMany(r => parents.EdgesOf(r).Select(e => (Child: r.TaskId, e.Parent, e.Settled))).ToArray();
        return connection.ExecuteAsync(new CommandDefinition(WaitingSql, new
        {
            children = edges.Select(e => e.Child).ToArray(),
            parents = edges.Select(e => e.Parent).ToArray(),
            settled = edges.Select(e => e.Settled).ToArray(),
            taskIds = rows.Select(r => r.TaskId).ToArray(),
            open = rows.Select(r => parents.CountsOf(r).Open).ToArray(),
            failed = rows.Select(r => parents.CountsOf(r).Failed).ToArray(),
            dueAts = rows.Select(r => r.Task.DueAt).ToArray(),
            laneIds = rows.Select(r => r.LaneId).ToArray(),
            flags = rows.Select(r => (short)r.Row(parents).Flags).ToArray(),
        }, transaction, cancellationToken: ct));
    }

    static async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<FilingRow> rows, string filedBy, DateTimeOffset now, WakeHint hint, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var copy = await connection.BeginBinaryImportAsync(
            "copy tasks (task_id, lane_id, filed_at, filed_by, dry_run, deadline_at, origin_id, payload) from stdin (format binary)", ct))
        {
            foreach (var row in rows)
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(row.TaskId, NpgsqlDbType.Uuid, ct);
                await copy.WriteAsync(row.LaneId, NpgsqlDbType.Integer, ct);
                await copy.WriteAsync(now.UtcDateTime, NpgsqlDbType.TimestampTz, ct);
                await copy.WriteAsync(filedBy, NpgsqlDbType.Text, ct);
                await copy.WriteAsync(row.Task.DryRun, NpgsqlDbType.Boolean, ct);
                if (row.Task.DeadlineAt is { } deadline) await copy.WriteAsync(deadline.UtcDateTime, NpgsqlDbType.TimestampTz, ct);
                else await copy.WriteNullAsync(ct);
                if (row.Task.OriginId is { } origin) await copy.WriteAsync(origin, NpgsqlDbType.Uuid, ct);
                else await copy.WriteNullAsync(ct);
                await copy.WriteAsync(row.Task.PayloadJson, NpgsqlDbType.Jsonb, ct);
            }
            await copy.CompleteAsync(ct);
        }
        await using (var copy = await connection.BeginBinaryImportAsync("copy task_ready (task_id, epoch, ready_at, lane_id) from stdin (format binary)", ct))
        {
            foreach (var row in rows)
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(row.TaskId, NpgsqlDbType.Uuid, ct);
                await copy.WriteAsync(0L, NpgsqlDbType.Bigint, ct);
                await copy.WriteAsync(now.UtcDateTime, NpgsqlDbType.TimestampTz, ct);
                await copy.WriteAsync(row.LaneId, NpgsqlDbType.Integer, ct);
            }
            await copy.CompleteAsync(ct);
        }
        if (hint.Command() is { } notify)
        {
            await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { notify } };
            await batch.ExecuteNonQueryAsync(ct);
        }
        await transaction.CommitAsync(ct);
    }

    static NpgsqlParameter Nullable<T>(T? value, NpgsqlDbType type) where T : struct => new() { Value = value is { } known ? known : DBNull.Value, NpgsqlDbType = type };
}
