using System.Diagnostics;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Providers;

namespace Engine.Gateway;

public static class ProvidersApi
{
    public static void MapProviders(this IEndpointRouteBuilder app)
    {
        var providers = app.MapGroup("/api/providers").WithTags("providers").RequireAuthorization(Roles.Reader);
        providers.MapGet("", List).WithSummary("Lists providers by name, with their keys' fingerprints; never the keys.");
        providers.MapGet("/{name}", Find).WithSummary("A provider; its ETag is what a change must name.");
        providers.MapPut("/{name}", Put).RequireAuthorization(Roles.Admin)
            .WithSummary("Makes a provider, or with If-Match changes one. Its keys are wiped when it moves to another host.");
        providers.MapPost("/{name}/test", Test).RequireAuthorization(Roles.Operator).WithSummary("Makes a real call that costs nothing, with the key in use.");
        var rotation = providers.MapGroup("/{name}/rotation").RequireAuthorization(Roles.Admin);
        rotation.MapPost("/stage", Stage).WithSummary("Stages a new key and tries it by a real call; one that the provider refuses is wiped.");
        rotation.MapPost("/promote", Promote).WithSummary("Puts the staged key into use on all engines; the one before is wiped when its calls have ended.");
        rotation.MapPost("/rollback", RollBack).WithSummary("Wipes the staged key, or else puts the key that was replaced last back into use.");
    }

    static async Task<Results<Ok<Page<ProviderResponse>>, ProblemHttpResult>> List(
        ListProviders list, CancellationToken ct, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, "providers", keys: 1, out var page) is { } refusal) return refusal;
        if (!page.IsFirst && page.After[0].Any(char.IsControl)) return PageRequest.NotOurs();
        var rows = await list.RunAsync(page.IsFirst ? null : page.After[0], page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, ProviderResponse.Of, row => [row.Provider.Name]));
    }

    static async Task<Results<Ok<ProviderResponse>, ProblemHttpResult>> Find(string name, HttpContext http, ListProviders list, CancellationToken ct)
    {
        if (await list.FindAsync(name, ct) is not { } found) return NoSuch(name);
        EntityTag.Write(http.Response, found.Provider.Version);
        return TypedResults.Ok(ProviderResponse.Of(found));
    }

    static async Task<Results<Ok<ProviderResponse>, Created<ProviderResponse>, ProblemHttpResult>> Put(
        string name, ProviderRequest request, HttpContext http, ConfigureProvider configure, ListProviders list, CancellationToken ct)
    {
        long? version = null;
        if (http.Request.Headers.IfMatch.Count > 0)
        {
            if (EntityTag.Require(http.Request, out var given) is { } refusal) return refusal;
            version = given;
        }
        switch (await configure.RunAsync(name, request.Input, version, http.User.Caller().Actor, http.Source(), ct))
        {
            case ProviderPut.Done done:
                EntityTag.Write(http.Response, done.Provider.Version);
                var response = ProviderResponse.Of((await list.FindAsync(name, ct))!);
                return done.Before is null ? TypedResults.Created($"/api/providers/{name}", response) : TypedResults.Ok(response);
            case ProviderPut.NoSuchProvider: return NoSuch(name);
            case ProviderPut.Stale when version is null:
                return Refusal.Of("precondition_required", $"The provider \"{name}\" is there already: an edit must carry If-Match with the ETag of what was read.",
                    StatusCodes.Status428PreconditionRequired);
            case ProviderPut.Stale stale: return EntityTag.Mismatch(stale.Version);
            case ProviderPut.Refused refused: return Refusal.Invalid(refused.Problem);
            case var other: throw new UnreachableException($"{other}");
        }
    }

    static async Task<Results<Ok<ProviderTestResponse>, ProblemHttpResult>> Test(string name, TestProvider test, CancellationToken ct) =>
        await test.RunAsync(name, CredentialStates.Active, ct) is { } tested ? TypedResults.Ok(ProviderTestResponse.Of(tested)) : NoSuch(name);

    static async Task<Results<Ok<RotationResponse>, ProblemHttpResult>> Stage(string name, StageKeyRequest request, HttpContext http, RotateKey rotate, ListProviders list, CancellationToken ct)
    {
        var (staged, test) = await rotate.StageAsync(name, request.Key, http.User.Caller().Actor, http.Source(), ct);
        return staged switch
        {
            CredentialStaged.Done => await AnswerAsync(name, test, list, ct),
            CredentialStaged.NoSuchProvider => NoSuch(name),
            CredentialStaged.Refused refused => Refusal.Invalid(refused.Problem),
            var other => throw new UnreachableException($"{other}"),
        };
    }

    static async Task<Results<Ok<RotationResponse>, ProblemHttpResult>> Promote(string name, HttpContext http, RotateKey rotate, ListProviders list, CancellationToken ct)
    {
        var (moved, test) = await rotate.PromoteAsync(name, http.User.Caller().Actor, http.Source(), ct);
        return await AnswerAsync(name, moved, test, list, ct);
    }

    static async Task<Results<Ok<RotationResponse>, ProblemHttpResult>> RollBack(string name, HttpContext http, RotateKey rotate, ListProviders list, CancellationToken ct) =>
        await AnswerAsync(name, await rotate.RollBackAsync(name, http.User.Caller().Actor, http.Source(), ct), null, list, ct);

    static async Task<Results<Ok<RotationResponse>, ProblemHttpResult>> AnswerAsync(string name, CredentialMoved moved, ProviderTest? test, ListProviders list, CancellationToken ct) => moved switch
    {
        CredentialMoved.Done => await AnswerAsync(name, test, list, ct),
        CredentialMoved.NoSuchProvider => NoSuch(name),
        CredentialMoved.NothingStaged => Refusal.Of("nothing_staged", $"No key of the provider \"{name}\" is staged."),
        CredentialMoved.NotVerified => Refusal.Of("key_not_verified", $"The staged key is not put into use, because no call shows that it works: {test?.Detail ?? "it could not be tried."}"),
        CredentialMoved.NothingToUndo => Refusal.Of("nothing_to_undo", $"No key of the provider \"{name}\" is staged, and none that was replaced is left."),
        var other => throw new UnreachableException($"{other}"),
    };

    static async Task<Ok<RotationResponse>> AnswerAsync(string name, ProviderTest? test, ListProviders list, CancellationToken ct) =>
        TypedResults.Ok(new RotationResponse(ProviderResponse.Of((await list.FindAsync(name, ct))!), test is null ? null : ProviderTestResponse.Of(test)));

    static ProblemHttpResult NoSuch(string name) => Refusal.NotFound($"provider \"{name}\"");
}
