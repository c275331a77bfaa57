using System.Globalization;
using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>What was seen of models, and which of them stand still.</summary>
public static class PerformanceApi
{
    const int MostReason = 1000;

    public static void MapPerformanceApi(this IEndpointRouteBuilder app)
    {
        var routing = app.MapGroup("/api/routing").WithTags("routing").RequireAuthorization(Roles.Reader);
        routing.MapGet("/performance", List).WithSummary("Lists what was seen of models in windows of five_minutes, hour or day, newest first; provider, model and policy filter exactly.");
        routing.MapGet("/health", Health).WithSummary("Lists the models and providers that have failed so often that they stood still, and how they are now.");
        routing.MapPost("/health/{provider}/reset", Reset).RequireAuthorization(Roles.Operator)
            .WithSummary("Lets a provider and all its models be called again at once, or one model of it.");
    }

    static async Task<Results<Ok<Page<PerformanceResponse>>, ProblemHttpResult>> List(ListPerformance list, CancellationToken ct, string window = PerformanceWindow.Hour,
        string? provider = null, string? model = null, string? policy = null, DateTimeOffset? since = null, DateTimeOffset? until = null,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (!PerformanceWindow.Kinds.Contains(window)) return Refusal.Invalid($"window must be one of {string.Join(", ", PerformanceWindow.Kinds)}, is \"{window}\".");
        var filter = new PerformanceFilter(window, Given(provider), Given(model), Given(policy), since?.ToUniversalTime(), until?.ToUniversalTime());
        if ($"{provider}{model}{policy}".Contains('\0', StringComparison.Ordinal)) return Refusal.Invalid("A filter must not hold the character U+0000; no model does.");
        if (PageRequest.Read(pageToken, limit, JsonSerializer.Serialize(new { list = "performance", filter }), keys: 4, out var page) is { } refusal) return refusal;
        WindowKey? after = null;
        if (!page.IsFirst)
        {
            if (!DateTimeOffset.TryParseExact(page.After[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var start)) return PageRequest.NotOurs();
            after = new WindowKey(window, start.ToUniversalTime(), page.After[1], page.After[2], page.After[3]);
        }
        var rows = await list.RunAsync(filter, after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, row => PerformanceResponse.Of(window, row), row => [row.WindowStart.UtcDateTime.ToString("O"), row.Provider, row.Model, row.Policy]));
    }

    static async Task<Results<Ok<Page<RouteHealthResponse>>, ProblemHttpResult>> Health(ListBreakers list, CancellationToken ct,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, "routing health", keys: 2, out var page) is { } refusal) return refusal;
        var rows = await list.RunAsync(page.IsFirst ? null : (page.After[0], page.After[1]), page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, RouteHealthResponse.Of, row => [row.Provider, row.Model]));
    }

    static async Task<Results<Ok<RoutesResetResponse>, ProblemHttpResult>> Reset(string provider, ResetRouteRequest? request, HttpContext http, ResetProvider reset, CancellationToken ct)
    {
        if (request?.Reason is { Length: > MostReason } reason) return Refusal.Invalid($"reason may have at most {MostReason} characters, has {reason.Length}.");
        if (provider.Contains('\0', StringComparison.Ordinal) || request?.Model?.Contains('\0', StringComparison.Ordinal) == true)
            return Refusal.Invalid("A name must not hold the character U+0000.");
        var closed = await reset.RunAsync(provider, request?.Model, request?.Reason, http.User.Caller().Actor, http.Source(), ct);
        if (closed.Count == 0) return Refusal.NotFound(request?.Model is { } model ? $"breaker of {provider} {model} that is not closed" : $"breaker of {provider} that is not closed");
        return TypedResults.Ok(new RoutesResetResponse(provider, [.. closed.Select(b => b.Model).Order(StringComparer.Ordinal)]));
    }

    static string? Given(string? filter) => string.IsNullOrEmpty(filter) ? null : filter;
}

/// <param name="Window">five_minutes, hour or day (UTC).</param>
/// <param name="WindowStart">When it began; calls are in the window in which they were asked for.</param>
/// <param name="SuccessShare">Of the calls that the caller did not leave; null without any.</param>
/// <param name="LatencyMeanMs">Of the calls that succeeded, like the quantiles, which are at most 8 % off; null without any.</param>
/// <param name="Verdicts">How many were given on its answers, and what they weigh as far as they are good and bad.</param>
public sealed record PerformanceResponse(string Window, DateTimeOffset WindowStart, string Provider, string Model, string Policy, long Requests, long Successes, long Failures, long Cancelled,
    double? SuccessShare, JsonElement ErrorKinds, double? LatencyMeanMs, double? LatencyP50Ms, double? LatencyP95Ms, double? FirstTokenP50Ms, double? FirstTokenP95Ms, decimal CostUsd,
    long PromptTokens, long CompletionTokens, long CachedTokens, long CacheWriteTokens, long ReasoningTokens, long Verdicts, decimal Good, decimal Bad)
{
    public static PerformanceResponse Of(string window, WindowRow row) => new(window, row.WindowStart, row.Provider, row.Model, row.Policy, row.Requests, row.Successes, row.Failures,
        row.Cancelled, Rounded(row.SuccessShare, 4), JsonElement.Parse(row.ErrorKinds), Rounded(row.LatencyMeanMs, 1), Rounded(row.LatencyP50Ms, 1), Rounded(row.LatencyP95Ms, 1),
        Rounded(row.FirstTokenP50Ms, 1), Rounded(row.FirstTokenP95Ms, 1), row.CostUsd, row.PromptTokens, row.CompletionTokens, row.CachedTokens, row.CacheWriteTokens, row.ReasoningTokens,
        row.Verdicts, row.Good, row.Bad);

    static double? Rounded(double? value, int digits) => value is { } known ? Math.Round(known, digits) : null;
}

/// <param name="Model">Null for the whole provider.</param>
/// <param name="State">closed (it works again), open (it stands still) or probing (one call at a time is tried).</param>
/// <param name="IsOut">The provider refuses our key or our money: a person should look.</param>
/// <param name="RetryAt">When it is tried at the earliest; null unless it is open.</param>
/// <param name="Openings">How often it opened in a row; the pauses grow with it.</param>
public sealed record RouteHealthResponse(string Provider, string? Model, string State, bool IsOut, string Reason, DateTimeOffset ChangedAt, DateTimeOffset? RetryAt, int Openings)
{
    public static RouteHealthResponse Of(Breaker row) =>
        new(row.Provider, row.Model.Length == 0 ? null : row.Model, row.State, row.IsOut, row.Reason, row.ChangedAt, row.RetryAt, row.Openings);
}

/// <param name="Model">Null: the provider and all its models.</param>
/// <param name="Reason">For those who ask later; up to 1,000 characters.</param>
public sealed record ResetRouteRequest(string? Model = null, string? Reason = null);

/// <param name="Models">That stood still until now; an empty one is the provider as a whole.</param>
public sealed record RoutesResetResponse(string Provider, IReadOnlyList<string> Models);
