using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Takes the dedup keys of tasks that are being filed: a task whose key a live one has, or an earlier one of the same filing, becomes that one.</summary>
public sealed class TakeKeys
{
    const string TakeSql = """
        insert into task_keys (dedup_key, task_id) select * from unnest(@keys, @taskIds) order by 1
        on conflict (dedup_key) do nothing returning dedup_key
        """;

    // Nobody can end the holder between the look and this transaction's end: the key's row stays locked.
    const string HolderSql = "select dedup_key, task_id from task_keys where dedup_key = any(@keys) order by dedup_key for share";

    // A task that was there already has its key if it lives, and needs none if it has ended.
    const string GiveBackSql = """
        delete from task_keys k using unnest(@taskIds) e(task_id)
        where k.task_id = e.task_id and k.dedup_key = any(@keys)
            and exists (select from task_attempts a where a.task_id = e.task_id and a.final_state is not null and a.reopened_at is null)
        """;

    /// <param name="filed">Beside each row, gets who has the key instead of it.</param>
    public async Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, FiledTask?[] filed, CancellationToken ct)
    {
        var first = rows.Where(r => r.Task.DedupKey is not null).GroupBy(r => r.Task.DedupKey!, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().TaskId, StringComparer.Ordinal);
        if (first.Count == 0) return;
        var holders = new Dictionary<string, Guid>(StringComparer.Ordinal);
        while (first.Keys.Where(k => !holders.ContainsKey(k)).ToArray() is { Length: > 0 } open)
        {
            var taken = (await connection.QueryAsync<string>(new CommandDefinition(TakeSql,
                new { keys = open, taskIds = open.Select(k => first[k]).ToArray() }, transaction, cancellationToken: ct))).ToArray();
            foreach (var key in taken) holders[key] = first[key];
            if (taken.Length == open.Length) break;
            var others = await connection.QueryAsync<(string Key, Guid TaskId)>(new CommandDefinition(HolderSql,
                new { keys = open.Except(taken, StringComparer.Ordinal).ToArray() }, transaction, cancellationToken: ct));
            foreach (var (key, taskId) in others) holders[key] = taskId; // those that ended just now are tried again
        }
        for (var i = 0; i < rows.Count; i++)
            if (rows[i].Task.DedupKey is { } key && holders[key] != rows[i].TaskId)
                filed[i] = new FiledTask(holders[key], false);
    }

    /// <summary>Gives back the keys of tasks that turned out to be there already, and to have ended.</summary>
    public Task GiveBackAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<FilingRow> rows, CancellationToken ct)
    {
        var keyed = rows.Where(r => r.Task.DedupKey is not null).ToArray();
        return keyed.Length == 0 ? Task.CompletedTask : connection.ExecuteAsync(new CommandDefinition(GiveBackSql,
            new { taskIds = keyed.Select(r => r.TaskId).ToArray(), keys = keyed.Select(r => r.Task.DedupKey!).ToArray() }, transaction, cancellationToken: ct));
    }
}
