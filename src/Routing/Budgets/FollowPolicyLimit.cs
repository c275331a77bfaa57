using Dapper;
using Npgsql;

namespace Routing.Budgets;

/// <summary>
/// Makes what a policy says that a task may cost a budget, so that it holds like any other, in the transaction that puts the policy in force. One that an
/// operator has put for the same stays as it is.
/// </summary>
public sealed class FollowPolicyLimit(TimeProvider time)
{
    const string Sql = """
        insert into cost_budgets (budget_id, scope, scope_key, period, amount_usd, origin, created_at, updated_at, updated_by)
        values (@budgetId, 'policy', @policy, 'task', @amountUsd, 'policy', @now, @now, @actor)
        on conflict (scope, scope_key, period) do update set amount_usd = excluded.amount_usd, is_hard = true, is_enabled = true, version = cost_budgets.version + 1,
            updated_at = excluded.updated_at, updated_by = excluded.updated_by
        where cost_budgets.origin = 'policy' and (cost_budgets.amount_usd <> excluded.amount_usd or not cost_budgets.is_hard or not cost_budgets.is_enabled)
        """;

    const string OriginSql = "select origin from cost_budgets where scope = 'policy' and scope_key = @policy and period = 'task'";

    /// <param name="limitUsd">0 or more.</param>
    public async Task<PolicyLimit> RunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string policy, decimal limitUsd, string actor, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var parameters = new { budgetId = Guid.CreateVersion7(now), policy, amountUsd = NanoUsd.Floor(limitUsd).Usd, now, actor };
        if (await connection.ExecuteAsync(new CommandDefinition(Sql, parameters, transaction, cancellationToken: ct)) > 0)
        {
            await PutBudget.TellAsync(connection, transaction, ct);
            return PolicyLimit.Set;
        }
        var origin = await connection.ExecuteScalarAsync<string>(new CommandDefinition(OriginSql, parameters, transaction, cancellationToken: ct));
        return origin == "policy" ? PolicyLimit.Same : PolicyLimit.OperatorsStays;
    }
}

public enum PolicyLimit
{
    Set,

    /// <summary>The budget says it already.</summary>
    Same,

    /// <summary>An operator has put another, which holds; the policy's own limit still counts when models are chosen.</summary>
    OperatorsStays,
}
