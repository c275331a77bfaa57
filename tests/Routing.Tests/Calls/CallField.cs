using Dapper;
using Routing.Budgets;
using Routing.Tests.Budgets;
using Support;
using Support.Money;

namespace Routing.Tests.Calls;

/// <summary>A database and a ledger on it, which the calls of a test class are entered in. The ledger has the real clock, whatever the calls have.</summary>
public sealed class CallField : IAsyncLifetime
{
    const string CallsSql = """
        select selection_id, request_id, attempt, task_id, task_epoch, task_kind, tenant, worker, policy, policy_version, provider, model, reasons, max_tokens, is_streamed, hold_usd,
            outcome, is_estimated, cost_usd, latency_ms, error_kind, error, http_status, generation_id, served_model, prompt_tokens, completion_tokens
        from model_selections where worker = @worker order by requested_at, attempt, selection_id
        """;

    static readonly TimeSpan NobodyDies = TimeSpan.FromSeconds(60);

    readonly BudgetField budgets = new();

    public TestDatabase Db => budgets.Db;

    public Spender Spender { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await budgets.InitializeAsync();
        Spender = new Spender(Db.EngineConnectionString, NobodyDies);
    }

    public async Task DisposeAsync()
    {
        await Spender.DisposeAsync();
        await budgets.DisposeAsync();
    }

    /// <summary>A budget that no other test's calls fall under.</summary>
    /// <returns>The tenant that it is for.</returns>
    public async Task<string> TenantWithAsync(decimal amountUsd)
    {
        var tenant = $"tenant-{Spender.Id():N}";
        await budgets.PutAsync(new BudgetTermsAsked(BudgetTerms.Tenant, tenant, BudgetTerms.Lifetime, amountUsd));
        return tenant;
    }

    /// <summary>The calls of one worker in the order in which they were entered, as they are in the table now.</summary>
    public async Task<IReadOnlyList<CallRow>> CallsAsync(string worker)
    {
        await using var connection = await Db.Owner.OpenConnectionAsync();
        return [.. await connection.QueryAsync<CallRow>(CallsSql, new { worker })];
    }

    public Task ExecuteAsync(string sql, object? parameters = null) => budgets.ExecuteAsync(sql, parameters);

    public Task<T> ScalarAsync<T>(string sql, object? parameters = null) => budgets.ScalarAsync<T>(sql, parameters);
}

/// <summary>A call as its row has it.</summary>
public sealed record CallRow(Guid SelectionId, Guid RequestId, short Attempt, Guid? TaskId, long? TaskEpoch, string? TaskKind, string? Tenant, string? Worker, string Policy, int PolicyVersion,
    string Provider, string Model, string[] Reasons, int MaxTokens, bool IsStreamed, decimal HoldUsd, string Outcome, bool IsEstimated, decimal CostUsd, double? LatencyMs, string? ErrorKind,
    string? Error, int? HttpStatus, string? GenerationId, string? ServedModel, long PromptTokens, long CompletionTokens);
