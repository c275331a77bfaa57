using Dapper;
using Engine.Workers;
using Npgsql;

namespace Engine.Tasks;

/// <summary>
/// Tells the worker of a running task that the task is its own no more, when the transaction commits. A hint: whatever the
/// worker still writes is refused by its epoch.
/// </summary>
public sealed class TellHolder
{
    public Task RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid taskId, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition("select pg_notify(@Channel, @text)",
            new { WakeWorkers.Channel, text = $"{ListenForTasks.StopPrefix}{taskId}" }, transaction, cancellationToken: ct));
}
