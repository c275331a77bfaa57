using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>Finds the model that a slug means, and the faults that it asks for.</summary>
static class Slug
{
    const string FaultModel = "emulator/fault-", FaultVariant = ":fault-";
    static readonly string[] Variants = [":nitro", ":floor", ":online", ":exacto", ":thinking", ":extended", ":batch"];

    /// <returns>The slug without a <c>:fault-…</c>, and the names in it; <c>emulator/fault-…</c> stays as it is.</returns>
    public static (string Model, string? Faults) Split(string slug)
    {
        if (slug.StartsWith(FaultModel, StringComparison.Ordinal)) return (slug, slug[FaultModel.Length..]);
        var at = slug.IndexOf(FaultVariant, StringComparison.Ordinal);
        return at < 0 ? (slug, null) : (slug[..at], slug[(at + FaultVariant.Length)..]);
    }

    /// <returns>The model that serves, or why none does.</returns>
    public static (CatalogModel? Model, ErrorAnswer? Error) Find(ModelCatalog catalog, string slug)
    {
        var (name, faults) = Split(slug);
        if (faults is not null && FaultKind.Unknown(faults) is not null) return (null, Unknown(slug));
        if (name.StartsWith(FaultModel, StringComparison.Ordinal)) return (catalog.Find(name) ?? OfFault(catalog, name), null);
        var found = catalog.Find(name);
        if (found is null && Variants.FirstOrDefault(v => name.EndsWith(v, StringComparison.Ordinal)) is { } variant) found = catalog.Find(name[..^variant.Length]);
        if (found is { StandsFor: { } target }) found = catalog.Find(target);
        if (found is { IsRouter: false }) return (found, null);
        return (null, catalog.WasRemoved(name) ? Removed(catalog, name) : Unknown(slug));
    }

    /// <summary>The model of a fault: priced and built as the cheapest of OpenAI.</summary>
    public static CatalogModel OfFault(ModelCatalog catalog, string slug) =>
        (catalog.Find("openai/gpt-4o-mini") ?? new CatalogModel(slug, slug, 128_000, Pricing.PerMillion(0.15m, 0.6m, read: 0.075m))) with
        {
            Id = slug, Name = $"Emulator: {slug}", Provider = "Emulator",
        };

    static ErrorAnswer Unknown(string slug) =>
        new(400, "invalid_request", $"{slug} is not a valid model ID") { Availability = new Availability("model_not_found", IsRetryable: false, [slug]) };

    static ErrorAnswer Removed(ModelCatalog catalog, string slug) => new(404, "not_found", $"No endpoints found for {slug}.")
    {
        Availability = new Availability("model_deprecated", IsRetryable: false, [slug])
        {
            Fallbacks = [.. catalog.All.Where(m => m.Author == slug.Split('/')[0] && !m.IsEmbedding && m.Id == m.BaseId).OrderByDescending(m => m.CreatedOn).Take(2).Select(m => m.Id)],
        },
    };
}
