using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>Windows, newest first, then by provider, model and policy.</summary>
public sealed class ListPerformance(NpgsqlDataSource database)
{
    /// <param name="after">The last row seen; null at the start.</param>
    public async Task<IReadOnlyList<WindowRow>> RunAsync(PerformanceFilter filter, WindowKey? after, int count, CancellationToken ct)
    {
        // Only the conditions that are asked for, so that the key is used.
        var conditions = new List<string> { "window_kind = @Kind" };
        if (filter.Provider is not null) conditions.Add("provider = @Provider");
        if (filter.Model is not null) conditions.Add("model = @Model");
        if (filter.Policy is not null) conditions.Add("policy = @Policy");
        if (filter.Since is not null) conditions.Add("window_start >= @Since");
        if (filter.Until is not null) conditions.Add("window_start < @Until");
        if (after is not null) conditions.Add("window_start <= @start and (window_start < @start or (provider, model, policy) > (@afterProvider, @afterModel, @afterPolicy))");
        var sql = $"""
            select window_start, provider, model, policy, requests, successes, failures, cancelled, success_share, error_kinds::text as error_kinds, latency_mean_ms, latency_p50_ms, latency_p95_ms,
                first_token_p50_ms, first_token_p95_ms, cost_usd, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, verdicts, good, bad
            from v_model_performance
            where {string.Join(" and ", conditions)}
            order by window_start desc, provider, model, policy
            limit @count
            """;
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<WindowRow>(new CommandDefinition(sql, new
        {
            filter.Kind, filter.Provider, filter.Model, filter.Policy, filter.Since, filter.Until, count,
            start = after?.Start, afterProvider = after?.Provider, afterModel = after?.Model, afterPolicy = after?.Policy,
        }, cancellationToken: ct))];
    }
}

/// <summary>Exact matches; null matches all.</summary>
/// <param name="Kind">One of <see cref="PerformanceWindow.Kinds"/>.</param>
/// <param name="Since">Windows that begin then or later.</param>
/// <param name="Until">Windows that begin before.</param>
public sealed record PerformanceFilter(string Kind, string? Provider, string? Model, string? Policy, DateTimeOffset? Since, DateTimeOffset? Until);

/// <param name="SuccessShare">Of the calls that the caller did not leave; null without any.</param>
/// <param name="ErrorKinds">A JSON object of counts.</param>
/// <param name="LatencyMeanMs">Of the calls that succeeded, like the quantiles; null without any.</param>
public sealed record WindowRow(DateTimeOffset WindowStart, string Provider, string Model, string Policy, long Requests, long Successes, long Failures, long Cancelled, double? SuccessShare,
    string ErrorKinds, double? LatencyMeanMs, double? LatencyP50Ms, double? LatencyP95Ms, double? FirstTokenP50Ms, double? FirstTokenP95Ms, decimal CostUsd,
    long PromptTokens, long CompletionTokens, long CachedTokens, long CacheWriteTokens, long ReasoningTokens, long Verdicts, decimal Good, decimal Bad);
