using Npgsql;

namespace Engine.Tasks;

/// <summary>Runs one move of tasks in a transaction of its own; again when it met another one crosswise and had to give way.</summary>
public sealed class MoveTasks(NpgsqlDataSource database)
{
    const int Tries = 8;

    /// <param name="move">Its transaction is committed when it says so, and leaves nothing behind otherwise.</param>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, NpgsqlTransaction, Task<(T Outcome, bool Commits)>> move, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                var (outcome, commits) = await move(connection, transaction);
                if (commits) await transaction.CommitAsync(ct);
                return outcome;
            }
            catch (PostgresException e) when (attempt < Tries && MetAnother(e))
            {
                // The other one goes first.
            }
        }
    }

    /// <summary>Whether the same again will do: two transactions met crosswise, or the tables of a day were made while its tasks were on their way into the default ones.</summary>
    public static bool MetAnother(PostgresException e) => e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
        || (e.SqlState == PostgresErrorCodes.CheckViolation && e.TableName?.EndsWith("_default", StringComparison.Ordinal) == true);
}
