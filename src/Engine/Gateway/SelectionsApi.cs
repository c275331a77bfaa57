using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>The ledger of calls, and sums over it.</summary>
public static class SelectionsApi
{
    static readonly TimeSpan Usual = TimeSpan.FromDays(30);

    public static void MapSelections(this IEndpointRouteBuilder app)
    {
        var selections = app.MapGroup("/api/selections").WithTags("selections").RequireAuthorization(Roles.Reader);
        selections.MapGet("", List).WithSummary("Lists attempted calls to models, newest first.");
        selections.MapGet("/{selectionId:guid}", Find).WithSummary("One attempted call.");
        app.MapGet("/api/routing/costs", Costs).WithTags("routing").RequireAuthorization(Roles.Reader)
            .WithSummary("What calls have cost, by model, provider, policy, worker, kind, tenant or task, in days, weeks or months of UTC.");
    }

    static async Task<Results<Ok<Page<SelectionRow>>, ProblemHttpResult>> List(ListSelections list, [AsParameters] SelectionQuery query, CancellationToken ct)
    {
        (DateTimeOffset, Guid)? after = null;
        var filter = new SelectionFilter(query.TaskId, query.RequestId, query.Policy, query.Provider, query.Model, query.Outcome, query.Tenant, query.Worker);
        if ((PageRequest.Read(query.PageToken, query.Limit, $"selections {filter}", keys: 2, out var page) ?? page.ReadKey(out after)) is { } refusal) return refusal;
        var rows = await list.RunAsync(filter, after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, row => row, row => PageRequest.Key(row.RequestedAt, row.SelectionId)));
    }

    static async Task<Results<Ok<SelectionRow>, ProblemHttpResult>> Find(Guid selectionId, ListSelections list, CancellationToken ct) =>
        await list.FindAsync(selectionId, ct) is { } row ? TypedResults.Ok(row) : Refusal.NotFound($"selection {selectionId}");

    static async Task<Results<Ok<CostsResponse>, ProblemHttpResult>> Costs(SumCosts sum, TimeProvider time, CancellationToken ct,
        string by = "model", string period = "day", DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        if (!SumCosts.Groups.ContainsKey(by)) return Refusal.Invalid($"by must be one of {string.Join(", ", SumCosts.Groups.Keys)}, is \"{by}\".");
        if (!SumCosts.Periods.Contains(period)) return Refusal.Invalid($"period must be one of {string.Join(", ", SumCosts.Periods)}, is \"{period}\".");
        var (until, since) = (to ?? time.GetUtcNow(), from ?? (to ?? time.GetUtcNow()) - Usual);
        if (since >= until) return Refusal.Invalid($"from must be before to, is {since:O}; to is {until:O}.");
        var rows = await sum.RunAsync(by, period, since.ToUniversalTime(), until.ToUniversalTime(), ct);
        return TypedResults.Ok(new CostsResponse(by, period, since, until, rows.Sum(r => r.CostUsd), rows.Count == SumCosts.MostRows, rows));
    }
}

/// <summary>Null: any.</summary>
public sealed record SelectionQuery([FromQuery(Name = "task_id")] Guid? TaskId, [FromQuery(Name = "request_id")] Guid? RequestId, string? Policy, string? Provider, string? Model, string? Outcome,
    string? Tenant, string? Worker, [FromQuery(Name = "page_token")] string? PageToken, int? Limit);

/// <param name="TotalUsd">Of the rows.</param>
/// <param name="IsCut">There are more rows than are shown: ask for a shorter time.</param>
public sealed record CostsResponse(string By, string Period, DateTimeOffset From, DateTimeOffset To, decimal TotalUsd, bool IsCut, IReadOnlyList<CostRow> Rows);
