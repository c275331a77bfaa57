using Dapper;

namespace Support;

/// <summary>Rows of the ledger, entered past it: for what reads them.</summary>
public static class Selections
{
    const string TableSql = """
        create table if not exists model_selections (
            selection_id uuid primary key, request_id uuid not null, attempt smallint not null, requested_at timestamptz not null, policy text not null,
            policy_version integer not null, provider text not null, model text not null, price jsonb not null, max_tokens integer not null, is_streamed boolean not null,
            estimated_usd numeric(20, 12) not null, hold_usd numeric(20, 12) not null, holder_id uuid not null, budget_ids uuid[] not null, window_keys text[] not null,
            outcome text not null default 'open', is_estimated boolean not null default true, cost_usd numeric(20, 12) not null default 0, ended_at timestamptz,
            latency_ms double precision, first_token_ms double precision, error_kind text, prompt_tokens bigint not null default 0, completion_tokens bigint not null default 0,
            cached_tokens bigint not null default 0, cache_write_tokens bigint not null default 0, reasoning_tokens bigint not null default 0);
        grant select, insert, update on model_selections to engine
        """;

    const string AddSql = """
        insert into model_selections (selection_id, request_id, attempt, requested_at, policy, policy_version, provider, model, price, max_tokens, is_streamed, estimated_usd, hold_usd,
            holder_id, budget_ids, window_keys, outcome, is_estimated, cost_usd, ended_at, latency_ms, first_token_ms, error_kind, prompt_tokens, completion_tokens, reasoning_tokens)
        values (@selectionId, @selectionId, 1, @RequestedAt, @Policy, 1, @Provider, @Model, '{}', 100, true, 0.01, 0.01, @selectionId, '{}', '{}', @Outcome, false, @CostUsd, @RequestedAt,
            @LatencyMs, @FirstTokenMs, @ErrorKind, @PromptTokens, @CompletionTokens, @ReasoningTokens)
        """;

    /// <returns>Its id.</returns>
    public static async Task<Guid> AddSelectionAsync(this TestDatabase db, SelectionRow row)
    {
        var selectionId = Guid.CreateVersion7(row.RequestedAt);
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(TableSql);
        await connection.ExecuteAsync(AddSql, new
        {
            selectionId, row.RequestedAt, row.Policy, row.Provider, row.Model, row.Outcome, row.CostUsd, row.LatencyMs, row.FirstTokenMs, row.ErrorKind, row.PromptTokens, row.CompletionTokens, row.ReasoningTokens,
        });
        return selectionId;
    }
}

public sealed record SelectionRow(DateTimeOffset RequestedAt, string Provider = "openrouter", string Model = "a/small", string Policy = "normal", string Outcome = "succeeded", decimal CostUsd = 0.001m,
    double? LatencyMs = 800, double? FirstTokenMs = null, string? ErrorKind = null, long PromptTokens = 100, long CompletionTokens = 20, long ReasoningTokens = 0);
