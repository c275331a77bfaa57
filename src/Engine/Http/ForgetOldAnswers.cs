using Dapper;
using Npgsql;

namespace Engine.Http;

/// <summary>Deletes the answers that <see cref="Idempotency"/> has kept long enough. In batches, so that nobody waits for it.</summary>
public sealed class ForgetOldAnswers(NpgsqlDataSource database, TimeProvider time)
{
    public static readonly TimeSpan Keep = TimeSpan.FromHours(24);

    const string Sql = """
        delete from idempotency_keys where (caller, key) in (
            select caller, key from idempotency_keys where created_at < @before order by created_at limit @batchRows)
        """;

    /// <param name="batchRows">Rows that one transaction deletes at most; above zero.</param>
    /// <returns>How many it deleted.</returns>
    public async Task<long> RunAsync(int batchRows, CancellationToken ct)
    {
        var before = time.GetUtcNow() - Keep;
        long deleted = 0;
        int batch;
        do
        {
            ct.ThrowIfCancellationRequested();
            await using var connection = await database.OpenConnectionAsync(ct);
            batch = await connection.ExecuteAsync(new CommandDefinition(Sql, new { before, batchRows }, cancellationToken: ct));
            deleted += batch;
        }
        while (batch == batchRows);
        return deleted;
    }
}
