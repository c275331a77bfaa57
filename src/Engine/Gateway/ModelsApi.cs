using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Catalog;
using Routing.Providers;

namespace Engine.Gateway;

public static class ModelsApi
{
    public static void MapModels(this IEndpointRouteBuilder app)
    {
        var models = app.MapGroup("/api/models").WithTags("models").RequireAuthorization(Roles.Reader);
        models.MapGet("", List).WithSummary("Lists models by provider and slug, with the price in use and why one cannot be chosen; search looks in slug and name.");
        models.MapGet("/changes", Changes).WithSummary("Lists what changed in the catalog, newest first.");
        models.MapPost("/sync", Sync).RequireAuthorization(Roles.Operator).WithSummary("Asks providers for their models now: one, or all that are enabled. What cannot be read changes nothing.");
        models.MapGet("/{provider}/{**slug}", Find).WithSummary("A model; its ETag is what a correction must name.");
        models.MapPut("/{provider}/{**slug}", Correct).RequireAuthorization(Roles.Operator)
            .WithSummary("Corrects a model: what the body names wins over the provider and outlives syncs, what it leaves out is the provider's again.");
    }

    static async Task<Results<Ok<Page<ModelResponse>>, ProblemHttpResult>> List(ListModels list, CancellationToken ct, string? provider = null, string? state = null,
        string? search = null, string? parameter = null, string? modality = null, [FromQuery(Name = "min_context")] long? minContext = null, bool? corrected = null,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        var filter = new ModelFilter(Given(provider), Given(state), Given(search), Given(parameter), Given(modality), minContext, corrected);
        if (filter.State is { } given && !ModelStates.All.Contains(given)) return Refusal.Invalid($"state must be one of {string.Join(", ", ModelStates.All)}, is \"{given}\".");
        string?[] texts = [filter.Provider, filter.Search, filter.Parameter, filter.Modality];
        if (texts.Any(t => t?.Contains('\0') == true)) return Refusal.Invalid("A filter must not hold the character U+0000; no model does.");
        if (PageRequest.Read(pageToken, limit, JsonSerializer.Serialize(new { list = "models", filter }), keys: 2, out var page) is { } refusal) return refusal;
        if (page.After.Any(text => text.Any(char.IsControl))) return PageRequest.NotOurs();
        var rows = await list.RunAsync(filter, page.IsFirst ? null : (page.After[0], page.After[1]), page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, ModelResponse.Of, row => [row.Provider, row.Slug]));
    }

    static async Task<Results<Ok<Page<ModelChangeResponse>>, ProblemHttpResult>> Changes(ListModelChanges list, CancellationToken ct, string? provider = null, string? slug = null,
        string? kind = null, DateTimeOffset? since = null, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        var filter = new ModelChangeFilter(Given(provider), Given(slug), Given(kind), since);
        if (filter.Kind is { } given && !ModelChangeKinds.All.Contains(given)) return Refusal.Invalid($"kind must be one of {string.Join(", ", ModelChangeKinds.All)}, is \"{given}\".");
        if (filter.Provider?.Contains('\0') == true || filter.Slug?.Contains('\0') == true) return Refusal.Invalid("A filter must not hold the character U+0000; no model does.");
        if (PageRequest.Read(pageToken, limit, JsonSerializer.Serialize(new { list = "model changes", filter }), keys: 1, out var page) is { } refusal) return refusal;
        long? before = null;
        if (!page.IsFirst)
        {
            if (!long.TryParse(page.After[0], NumberStyles.None, CultureInfo.InvariantCulture, out var last)) return PageRequest.NotOurs();
            before = last;
        }
        var rows = await list.RunAsync(filter, before, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, ModelChangeResponse.Of, row => [row.ChangeId.ToString(CultureInfo.InvariantCulture)]));
    }

    static async Task<Results<Ok<SyncedModelsResponse>, ProblemHttpResult>> Sync(
        SyncModelsRequest? request, HttpContext http, SyncByHand sync, ReadProviders providers, CancellationToken ct)
    {
        var all = await providers.RunAsync(ct);
        var wanted = all.Select(a => a.Provider).Where(p => request?.Provider is { } one ? p.Name == one : p.IsEnabled).Select(p => p.Name).Order(StringComparer.Ordinal).ToArray();
        if (request?.Provider is { } missing && wanted.Length == 0) return Refusal.NotFound($"provider \"{missing}\"");
        var outcomes = await sync.RunAsync(wanted, request?.Force == true, http.User.Caller().Actor, http.Source(), ct);
        return TypedResults.Ok(new SyncedModelsResponse([.. outcomes.Select(o => SyncedProviderResponse.Of(o.Provider, o.Outcome))]));
    }

    static async Task<Results<Ok<ModelResponse>, ProblemHttpResult>> Find(string provider, string? slug, HttpContext http, ListModels list, CancellationToken ct)
    {
        if (slug is null || await list.FindAsync(provider, slug, ct) is not { } found) return NoSuch(provider, slug);
        EntityTag.Write(http.Response, found.Version);
        return TypedResults.Ok(ModelResponse.Of(found));
    }

    static async Task<Results<Ok<ModelResponse>, ProblemHttpResult>> Correct(string provider, string? slug, ModelCorrectionRequest request, HttpContext http, CorrectCatalog correct,
        CancellationToken ct)
    {
        if (EntityTag.Require(http.Request, out var version) is { } refusal) return refusal;
        if (slug is null) return NoSuch(provider, slug);
        switch (await correct.RunAsync(provider, slug, request.Correction, version, http.User.Caller().Actor, http.Source(), ct))
        {
            case ModelCorrected.Done done:
                EntityTag.Write(http.Response, done.Model.Version);
                return TypedResults.Ok(ModelResponse.Of(done.Model));
            case ModelCorrected.NoSuchModel: return NoSuch(provider, slug);
            case ModelCorrected.Stale stale: return EntityTag.Mismatch(stale.Version);
            case ModelCorrected.Refused refused: return Refusal.Invalid(refused.Problem);
            case var other: throw new UnreachableException($"{other}");
        }
    }

    static ProblemHttpResult NoSuch(string provider, string? slug) => Refusal.NotFound($"model \"{slug}\" of the provider \"{provider}\"");

    static string? Given(string? filter) => string.IsNullOrEmpty(filter) ? null : filter;
}
