using Dapper;
using Npgsql;

namespace Routing.Catalog;

/// <summary>Deletes what changed in the catalog long ago. The history of prices stays.</summary>
public sealed class ForgetModelChanges(NpgsqlDataSource database, TimeProvider time)
{
    public static readonly TimeSpan Keep = TimeSpan.FromDays(400);

    const string Sql = "delete from routing_model_changes where change_id in (select change_id from routing_model_changes where changed_at < @before order by changed_at limit @most)";
    const int Most = 5000; // in one go: the next fire goes on

    /// <returns>How many were deleted.</returns>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(Sql, new { before = time.GetUtcNow() - Keep, most = Most }, cancellationToken: ct));
    }
}
