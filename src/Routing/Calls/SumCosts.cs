using Dapper;
using Npgsql;

namespace Routing.Calls;

/// <summary>What calls have cost, added up in the database by what is asked for, in days, weeks or months of UTC. Calls under way are not in it.</summary>
public sealed class SumCosts(NpgsqlDataSource database)
{
    public const int MostRows = 1000;

    /// <summary>What costs can be kept apart by, with their columns.</summary>
    public static IReadOnlyDictionary<string, string> Groups { get; } = new Dictionary<string, string>
    {
        ["model"] = "model", ["provider"] = "provider", ["policy"] = "policy", ["worker"] = "worker", ["kind"] = "task_kind", ["tenant"] = "tenant", ["task"] = "task_id::text",
    };

    public static IReadOnlyList<string> Periods { get; } = ["day", "week", "month"];

    /// <param name="by">One of <see cref="Groups"/>.</param>
    /// <param name="period">One of <see cref="Periods"/>.</param>
    /// <returns>The latest period first, in it the dearest first; at most <see cref="MostRows"/>.</returns>
    public async Task<IReadOnlyList<CostRow>> RunAsync(string by, string period, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        if (!Periods.Contains(period)) throw new ArgumentOutOfRangeException(nameof(period), period, $"must be one of {string.Join(", ", Periods)}");
        var sql = $"""
            select (date_trunc('{period}', at at time zone 'utc') at time zone 'utc') as starts_at, coalesce({Groups[by]}, '') as key, sum(calls)::bigint as calls,
                sum(succeeded)::bigint as succeeded, sum(cost_usd) as cost_usd, coalesce(sum(estimated_usd), 0) as estimated_usd,
                sum(prompt_tokens)::bigint as prompt_tokens, sum(completion_tokens)::bigint as completion_tokens
            from v_spend where at >= @from and at < @to
            group by 1, 2 order by 1 desc, cost_usd desc, 2 limit {MostRows}
            """;
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<CostRow>(new CommandDefinition(sql, new { from, to }, cancellationToken: ct))];
    }
}

/// <param name="Key">Of what costs are kept apart by; empty where a call had none.</param>
/// <param name="EstimatedUsd">Of the cost, what providers have not confirmed yet.</param>
public sealed record CostRow(DateTimeOffset StartsAt, string Key, long Calls, long Succeeded, decimal CostUsd, decimal EstimatedUsd, long PromptTokens, long CompletionTokens);
