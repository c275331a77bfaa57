using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Routing.Learning;

namespace Engine.Gateway;

/// <summary>The order of policies' models as it was learned or pinned.</summary>
public static class RanksApi
{
    const int MostModels = 100, MostName = 300, MostReason = 1000;

    public static void MapRanksApi(this IEndpointRouteBuilder app)
    {
        var ranks = app.MapGroup("/api/routing/ranks").WithTags("routing").RequireAuthorization(Roles.Reader);
        ranks.MapGet("", List).WithSummary("The order in which policies' models are tried, as learned or pinned, with the reason of each move. A policy that is not named keeps its own order.");
        ranks.MapPut("/{policy}", Pin).RequireAuthorization(Roles.Operator).WithSummary("Pins models to the first positions of a policy, in this order, until they are cleared.");
        ranks.MapDelete("/{policy}", Clear).RequireAuthorization(Roles.Operator).WithSummary("Forgets what was learned and pinned of a policy: its own order holds until more is learned.");
    }

    static async Task<Ok<RanksResponse>> List(ReadRanks read, CancellationToken ct) =>
        TypedResults.Ok(new RanksResponse([.. (await read.RunAsync(ct)).SelectMany(policy => policy).Select(RankResponse.Of)]));

    static async Task<Results<NoContent, ProblemHttpResult>> Pin(string policy, PinRanksRequest request, HttpContext http, SetRanks set, CancellationToken ct)
    {
        if (request.Models.Count is < 1 or > MostModels) return Refusal.Invalid($"models must be 1 to {MostModels}, are {request.Models.Count}.");
        if (request.Models.Append(new PinnedModelRequest(policy, policy)).SelectMany(m => new[] { m.Provider, m.Model }).Any(n => n.Length is < 1 or > MostName || n.Contains('\0', StringComparison.Ordinal)))
            return Refusal.Invalid($"The names of policy, providers and models have 1 to {MostName} characters, none of them U+0000.");
        if (request.Models.Distinct().Count() < request.Models.Count) return Refusal.Invalid("models must each be named once.");
        if (request.Reason is { Length: > MostReason } || request.Reason?.Contains('\0', StringComparison.Ordinal) == true)
            return Refusal.Invalid($"reason may have at most {MostReason} characters, none of them U+0000.");
        var actor = http.User.Caller().Actor;
        await set.PinAsync(policy, [.. request.Models.Select(m => (m.Provider, m.Model))], request.Reason ?? $"pinned by {actor}", actor, http.Source(), ct);
        return TypedResults.NoContent();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Clear(string policy, HttpContext http, SetRanks set, CancellationToken ct) =>
        !policy.Contains('\0', StringComparison.Ordinal) && await set.ClearAsync(policy, http.User.Caller().Actor, http.Source(), ct)
            ? TypedResults.NoContent() : Refusal.NotFound($"learned or pinned order of the policy {policy}");
}

public sealed record RanksResponse(IReadOnlyList<RankResponse> Ranks);

/// <param name="Position">1 for the one that is tried first.</param>
/// <param name="Since">When it came there.</param>
/// <param name="PinnedBy">Null: it was learned.</param>
public sealed record RankResponse(string Policy, int Position, string Provider, string Model, string Reason, DateTimeOffset Since, string? PinnedBy)
{
    public static RankResponse Of(Rank rank) => new(rank.Policy, rank.Position, rank.Provider, rank.Model, rank.Reason, rank.Since, rank.PinnedBy);
}

/// <param name="Models">At positions 1, 2, …; others follow as they are learned.</param>
/// <param name="Reason">For those who ask later; up to 1,000 characters.</param>
public sealed record PinRanksRequest(IReadOnlyList<PinnedModelRequest> Models, string? Reason = null);

public sealed record PinnedModelRequest(string Provider, string Model);
