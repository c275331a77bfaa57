using Dapper;

namespace Support;

/// <summary>Rows of the ledger, entered past it: for what reads them.</summary>
public static class Selections
{
    const string AddSql = """
        insert into model_selections (selection_id, request_id, attempt, requested_at, policy, policy_version, provider, model, price, max_tokens, is_streamed, estimated_usd, hold_usd,
            holder_id, budget_ids, window_keys, outcome, is_estimated, cost_usd, ended_at, latency_ms, first_token_ms, error_kind, prompt_tokens, completion_tokens, reasoning_tokens, generation_id)
        values (@selectionId, @selectionId, 1, @RequestedAt, @Policy, 1, @Provider, @Model, '{}', 100, true, 0.01, 0.01, @selectionId, '{}', '{}', @Outcome, @IsEstimated, @CostUsd, @RequestedAt,
            @LatencyMs, @FirstTokenMs, @ErrorKind, @PromptTokens, @CompletionTokens, @ReasoningTokens, @GenerationId)
        """;

    /// <returns>Its id.</returns>
    public static async Task<Guid> AddSelectionAsync(this TestDatabase db, EnteredCall row)
    {
        var selectionId = Guid.CreateVersion7(row.RequestedAt);
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(AddSql, new
        {
            selectionId, row.RequestedAt, row.Policy, row.Provider, row.Model, row.Outcome, row.CostUsd, row.LatencyMs, row.FirstTokenMs, row.ErrorKind, row.PromptTokens, row.CompletionTokens, row.ReasoningTokens,
            row.IsEstimated, row.GenerationId,
        });
        return selectionId;
    }
}

/// <summary>A call that has ended, as the ledger would have it.</summary>
public sealed record EnteredCall(DateTimeOffset RequestedAt, string Provider = "openrouter", string Model = "a/small", string Policy = "normal", string Outcome = "succeeded", decimal CostUsd = 0.001m,
    double? LatencyMs = 800, double? FirstTokenMs = null, string? ErrorKind = null, long PromptTokens = 100, long CompletionTokens = 20, long ReasoningTokens = 0)
{
    public bool IsEstimated { get; init; }

    public string? GenerationId { get; init; }
}
