using Dapper;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// Puts starts that were taken and not used back into their rate limit, for others. As they were no part of it meanwhile, it may have
/// filled up beyond its burst; so much of them is gone. After it nobody may start more than if they had never been taken.
/// </summary>
public sealed class ReturnStarts(NpgsqlDataSource database, TimeProvider time)
{
    const string Sql = """
        with quick as materialized (
            select set_config('synchronous_commit', 'off', true)
        )
        update task_rates r set free_at = r.free_at
            - greatest(0, @unused / r.per_second - greatest(0, extract(epoch from @now - @FreeAt)::double precision - r.burst / r.per_second)) * interval '1 second'
        from quick where r.scope = @Scope
        """;

    /// <param name="unused">How many of the taken; above 0.</param>
    public async Task RunAsync(TakenStarts taken, int unused, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Sql, new { taken.Scope, taken.FreeAt, unused, now = time.GetUtcNow() }, cancellationToken: ct));
    }
}
