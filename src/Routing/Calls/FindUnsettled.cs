using Dapper;
using Npgsql;

namespace Routing.Calls;

/// <summary>
/// Hands out calls that were closed with an estimate and whose turn it is to be asked for, each to one process, the longest due first. With that their
/// next turn is set: as long after this one as they have ended, from a second to ten minutes. After a day they are not asked for any more, and neither
/// are calls that their provider gave no name: the estimate stands.
/// </summary>
public sealed class FindUnsettled(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>At most so many at once.</summary>
    public const int Most = 100;

    static readonly TimeSpan First = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromMinutes(10), GiveUpAfter = TimeSpan.FromDays(1);

    const string Sql = """
        with due as materialized (
            select selection_id from model_selections
            where is_estimated and outcome <> 'open' and coalesce(ask_at, ended_at) <= @now and (ask_at is not null or ended_at <= @now - @First)
            order by coalesce(ask_at, ended_at) limit @Most
            for update skip locked
        )
        update model_selections s set ask_at = case when s.generation_id is null or s.ended_at <= @now - @GiveUpAfter then 'infinity'
            else @now + least(greatest(@now - s.ended_at, @First), @Longest) end
        from due d where s.selection_id = d.selection_id
        returning s.selection_id, s.provider, coalesce(s.generation_id, '') as generation_id, s.ended_at, s.ask_at = 'infinity' as is_over
        """;

    const string NeverSql = "update model_selections set ask_at = 'infinity' where selection_id = @selectionId and is_estimated";

    /// <returns>Calls to ask for now, and those that were given up with this.</returns>
    public async Task<IReadOnlyList<UnsettledCall>> RunAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<UnsettledCall>(new CommandDefinition(Sql, new { now, First, Longest, GiveUpAfter, Most }, cancellationToken: ct))];
    }

    /// <summary>Its provider never tells what a call came to.</summary>
    public async Task NeverAsync(Guid selectionId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(NeverSql, new { selectionId }, cancellationToken: ct));
    }
}

/// <summary>A call that was closed with an estimate.</summary>
/// <param name="GenerationId">The provider's name for it; empty: it gave none, so it cannot be asked.</param>
/// <param name="IsOver">It is not asked for any more.</param>
public sealed record UnsettledCall(Guid SelectionId, string Provider, string GenerationId, DateTimeOffset EndedAt, bool IsOver);
