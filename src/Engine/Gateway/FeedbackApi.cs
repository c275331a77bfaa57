using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>Verdicts on the answers of models.</summary>
public static class FeedbackApi
{
    const int MostReason = 2000;

    public static void MapFeedbackApi(this IEndpointRouteBuilder app) =>
        app.MapGroup("/api/routing").WithTags("routing").RequireAuthorization(Roles.Operator).MapPost("/feedback", Give)
            .WithSummary("Judges the answer of a call. One verdict for each source: the same again changes nothing, another takes its place.");

    static async Task<Results<Ok<FeedbackResponse>, ProblemHttpResult>> Give(FeedbackRequest request, HttpContext http, GiveFeedback give, CancellationToken ct)
    {
        if (Read(request.Verdict) is not { } verdict) return Refusal.Invalid("verdict must be good, bad, or a number from -1 (bad) to 1 (good).");
        if (request.Reason is { Length: > MostReason } reason) return Refusal.Invalid($"reason may have at most {MostReason} characters, has {reason.Length}.");
        if (request.Reason?.Contains('\0', StringComparison.Ordinal) == true) return Refusal.Invalid("reason must not hold the character U+0000.");
        var source = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{request.Source}");
        var outcome = await give.RunAsync(new NewFeedback(request.SelectionId, source, verdict, request.Reason, http.User.Caller().Actor), ct);
        return outcome == FeedbackOutcome.NoSuchSelection ? Refusal.NotFound($"selection {request.SelectionId}")
            : TypedResults.Ok(new FeedbackResponse(request.SelectionId, request.Source, decimal.Round(verdict, 3), outcome));
    }

    static decimal? Read(JsonElement verdict) => verdict.ValueKind switch
    {
        JsonValueKind.String when verdict.ValueEquals("good") => 1,
        JsonValueKind.String when verdict.ValueEquals("bad") => -1,
        JsonValueKind.Number when verdict.TryGetDecimal(out var number) && number is >= -1 and <= 1 => number,
        _ => null,
    };
}

/// <summary>Who judged: a person, a model that verifies, or a test that ran. What a verifier says counts half.</summary>
public enum FeedbackSource { User, Verifier, Test }

/// <param name="SelectionId">The call whose answer is judged.</param>
/// <param name="Verdict">good, bad, or a number from -1 (bad) to 1 (good), kept to three decimals.</param>
/// <param name="Reason">Up to 2,000 characters.</param>
public sealed record FeedbackRequest(Guid SelectionId, JsonElement Verdict, FeedbackSource Source, string? Reason = null);

/// <param name="Outcome">given, changed (it takes the place of an earlier one) or unchanged.</param>
public sealed record FeedbackResponse(Guid SelectionId, FeedbackSource Source, decimal Verdict, FeedbackOutcome Outcome);
