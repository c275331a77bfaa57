using Dapper;
using Npgsql;

namespace Routing.Calls;

/// <summary>Attempted calls, newest first.</summary>
public sealed class ListSelections(NpgsqlDataSource database)
{
    const string Columns = """
        selection_id, request_id, attempt, requested_at, task_id, task_epoch, task_kind, tenant, worker, policy, policy_version, provider, model, reasons, outcome, error_kind, error,
            http_status, estimated_usd, hold_usd, cost_usd, is_estimated, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, latency_ms,
            first_token_ms, served_model, served_by, generation_id, finish_reason, ended_at
        """;

    const string FindSql = $"select {Columns} from model_selections where selection_id = @selectionId";

    public async Task<IReadOnlyList<SelectionRow>> RunAsync(SelectionFilter filter, (DateTimeOffset At, Guid Id)? after, int limit, CancellationToken ct)
    {
        var (conditions, parameters) = (new List<string>(), new DynamicParameters(new { limit }));
        void Where(string column, object? value)
        {
            if (value is null) return;
            conditions.Add($"{column} = @{column}");
            parameters.Add(column, value);
        }
        Where("task_id", filter.TaskId);
        Where("request_id", filter.RequestId);
        Where("policy", filter.Policy);
        Where("provider", filter.Provider);
        Where("model", filter.Model);
        Where("outcome", filter.Outcome);
        Where("tenant", filter.Tenant);
        Where("worker", filter.Worker);
        if (after is { } last)
        {
            conditions.Add("(requested_at, selection_id) < (@at, @id)");
            parameters.AddDynamicParams(new { at = last.At, id = last.Id });
        }
        var where = conditions.Count == 0 ? "" : $"where {string.Join(" and ", conditions)}";
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<SelectionRow>(new CommandDefinition(
            $"select {Columns} from model_selections {where} order by requested_at desc, selection_id desc limit @limit", parameters, cancellationToken: ct))];
    }

    public async Task<SelectionRow?> FindAsync(Guid selectionId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<SelectionRow>(new CommandDefinition(FindSql, new { selectionId }, cancellationToken: ct));
    }
}

/// <summary>Null: any.</summary>
public sealed record SelectionFilter(Guid? TaskId, Guid? RequestId, string? Policy, string? Provider, string? Model, string? Outcome, string? Tenant, string? Worker);

public sealed record SelectionRow(Guid SelectionId, Guid RequestId, short Attempt, DateTimeOffset RequestedAt, Guid? TaskId, long? TaskEpoch, string? TaskKind, string? Tenant, string? Worker,
    string Policy, int PolicyVersion, string Provider, string Model, string[] Reasons, string Outcome, string? ErrorKind, string? Error, int? HttpStatus,
    decimal EstimatedUsd, decimal HoldUsd, decimal CostUsd, bool IsEstimated, long PromptTokens, long CompletionTokens, long CachedTokens, long CacheWriteTokens, long ReasoningTokens,
    double? LatencyMs, double? FirstTokenMs, string? ServedModel, string? ServedBy, string? GenerationId, string? FinishReason, DateTimeOffset? EndedAt);
