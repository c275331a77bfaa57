using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Access;
using Engine.Audit;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Routing.Budgets;

namespace Engine.Gateway;

public static class BudgetsApi
{
    public static void MapBudgets(this IEndpointRouteBuilder app)
    {
        var budgets = app.MapGroup("/api/budgets").WithTags("budgets").RequireAuthorization(Roles.Reader);
        budgets.MapGet("", List).WithSummary("Lists budgets with what is spent and held in their present windows.");
        budgets.MapPut("", Put).RequireAuthorization(Roles.Admin).WithSummary("Makes a budget, or changes the one of the same scope, key and period; all processes follow at once.");
        budgets.MapGet("/{budgetId:guid}/windows", Windows).WithSummary("Lists the windows that a budget has had, newest first.");
    }

    static async Task<Results<Ok<Page<BudgetResponse>>, ProblemHttpResult>> List(ListBudgets list, CancellationToken ct, string? scope = null,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (scope is not null && !BudgetTerms.Scopes.Contains(scope)) return Refusal.Invalid($"scope must be one of {string.Join(", ", BudgetTerms.Scopes)}, is \"{scope}\".");
        if (PageRequest.Read(pageToken, limit, $"budgets {scope}", keys: 4, out var page) is { } refusal) return refusal;
        if (page.After.Any(text => text.Any(char.IsControl))) return PageRequest.NotOurs();
        var after = page.IsFirst ? null : new BudgetPlace(page.After[0], page.After[1], page.After[2], page.After[3]);
        var rows = await list.RunAsync(scope, after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, BudgetResponse.Of, row => [row.Scope, row.ScopeKey, row.Period, row.Subject]));
    }

    static async Task<Results<Ok<BudgetResponse>, ProblemHttpResult>> Put(PutBudgetRequest request, HttpContext http, NpgsqlDataSource database, PutBudget put, RecordAudit audit, CancellationToken ct)
    {
        if (request.Problem() is { } problem) return Refusal.Invalid(problem);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var budget = await put.RunAsync(connection, transaction, request.Terms(), http.User.Caller().Actor, ct);
        await audit.RunAsync(connection, transaction, new AuditEntry(http.User.Caller().Actor, "budget.put", $"budget:{budget.BudgetId}", new JsonObject
        {
            ["scope"] = budget.Scope, ["key"] = budget.ScopeKey, ["period"] = budget.Period, ["amount_usd"] = budget.AmountUsd, ["hard"] = budget.IsHard, ["enabled"] = budget.IsEnabled,
            ["time_zone"] = budget.TimeZone, ["alert_threshold"] = budget.AlertThreshold, ["version"] = budget.Version,
        }, http.Source()), ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(BudgetResponse.Of(budget));
    }

    static async Task<Results<Ok<Page<BudgetWindowRow>>, ProblemHttpResult>> Windows(Guid budgetId, ListBudgetWindows list, CancellationToken ct,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, $"windows of {budgetId}", keys: 2, out var page) is { } refusal) return refusal;
        (DateTimeOffset, string)? after = null;
        if (!page.IsFirst)
        {
            if (!DateTimeOffset.TryParseExact(page.After[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var openedAt) || page.After[1].Any(char.IsControl)) return PageRequest.NotOurs();
            after = (openedAt.ToUniversalTime(), page.After[1]);
        }
        return await list.RunAsync(budgetId, after, page.Limit + 1, ct) is { } rows
            ? TypedResults.Ok(page.Of(rows, row => row, row => [row.OpenedAt.UtcDateTime.ToString("O"), row.WindowKey])) : Refusal.NotFound($"budget {budgetId}");
    }
}

/// <param name="Scope">total, tenant, policy, task_kind, model, provider or worker.</param>
/// <param name="Period">task, day, week, month or lifetime.</param>
/// <param name="Key">Whose; * for each one by itself; absent for the total.</param>
/// <param name="TimeZone">IANA name of the zone that days, weeks and months begin in.</param>
/// <param name="AlertThreshold">Share of the amount at which people are told.</param>
/// <param name="Hard">False: it only tells, and refuses nothing.</param>
/// <param name="Currency">USD; nothing else is counted.</param>
public sealed record PutBudgetRequest(string Scope, string Period, decimal AmountUsd, string Key = "", string TimeZone = "UTC", decimal AlertThreshold = 0.8m, bool Hard = true, bool Enabled = true,
    string Currency = "USD")
{
    public string? Problem() => Currency != "USD" ? $"currency must be USD, is \"{Currency}\"." : Terms().Problem();

    public BudgetTermsAsked Terms() => new(Scope, Key.Trim(), Period, AmountUsd, TimeZone, AlertThreshold, Hard, Enabled);
}

/// <param name="HeldUsd">What calls under way may cost, and what processes keep at hand for the next ones.</param>
/// <param name="ResetsAt">When the next window begins; null for a task and all time.</param>
/// <param name="Subject">Whose window it is where the key is *; empty while there is none.</param>
public sealed record BudgetResponse(Guid BudgetId, string Scope, string Key, string Period, string TimeZone, decimal AmountUsd, decimal AlertThreshold, bool Hard, bool Enabled, string Origin,
    long Version, string Subject, decimal SettledUsd, decimal HeldUsd, decimal LeftUsd, DateTimeOffset? ResetsAt, long Calls, long Refused)
{
    public static BudgetResponse Of(BudgetLine line) => new(line.BudgetId, line.Scope, line.ScopeKey, line.Period, line.TimeZone, line.AmountUsd, line.AlertThreshold, line.IsHard, line.IsEnabled,
        line.Origin, line.Version, line.Subject, line.SettledUsd, line.HeldUsd, line.AmountUsd - line.SettledUsd - line.HeldUsd, line.EndsAt, line.Calls, line.Refused);

    /// <summary>As it is right after it was put; what is spent is for the list to say.</summary>
    public static BudgetResponse Of(Budget budget) => new(budget.BudgetId, budget.Scope, budget.ScopeKey, budget.Period, budget.TimeZone, budget.AmountUsd, budget.AlertThreshold, budget.IsHard,
        budget.IsEnabled, budget.Origin, budget.Version, "", 0, 0, budget.AmountUsd, null, 0, 0);
}
