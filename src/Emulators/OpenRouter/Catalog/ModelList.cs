using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Catalog;

/// <summary>Which models a query of <c>/models</c> asks for, in which order, and which page of them.</summary>
static class ModelList
{
    const int MostOnAPage = 1000;

    public static void Write(Utf8JsonWriter json, IReadOnlyList<CatalogModel> page, int total, string? next)
    {
        json.WriteStartObject();
        json.WriteStartArray("data");
        foreach (var model in page) json.Write(model);
        json.WriteEndArray();
        json.WriteNumber("total_count", total);
        json.WriteStartObject("links");
        json.WriteString("next", next);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <returns>The page, how many there are in all, and the path of the next page.</returns>
    public static (IReadOnlyList<CatalogModel> Page, int Total, string? Next) Choose(IReadOnlyList<CatalogModel> models, IQueryCollection query, PathString path)
    {
        var chosen = Sort(Filter(models, query), query["sort"]).ToList();
        if (!query.ContainsKey("offset") && !query.ContainsKey("limit")) return (chosen, chosen.Count, null);
        var offset = Math.Max(0, Number(query, "offset") ?? 0);
        var limit = Math.Clamp(Number(query, "limit") ?? MostOnAPage, 1, MostOnAPage);
        var others = string.Concat(query.Where(p => p.Key is not ("offset" or "limit")).Select(p => $"&{p.Key}={Uri.EscapeDataString($"{p.Value}")}"));
        return (chosen[Math.Min(offset, chosen.Count)..Math.Min(offset + limit, chosen.Count)], chosen.Count,
            offset + limit < chosen.Count ? $"{path}?offset={offset + limit}&limit={limit}{others}" : null);
    }

    public static IEnumerable<CatalogModel> Filter(IEnumerable<CatalogModel> models, IQueryCollection query)
    {
        var outputs = Texts(query, "output_modalities") ?? ["text"];
        if (!outputs.Contains("all")) models = models.Where(m => m.Outputs.Any(outputs.Contains));
        if (Texts(query, "input_modalities") is { } inputs) models = models.Where(m => inputs.All(m.Inputs.Contains));
        if (Texts(query, "supported_parameters") is { } parameters) models = models.Where(m => parameters.All(p => ModelJson.Parameters(m).Contains(p)));
        if (Texts(query, "model_authors") is { } authors) models = models.Where(m => authors.Contains(m.Author));
        if (Texts(query, "providers") is { } providers) models = models.Where(m => providers.Contains(m.Provider, StringComparer.OrdinalIgnoreCase));
        if (query["q"] is [{ Length: > 0 } words]) models = models.Where(m => $"{m.Id} {m.Name}".Contains(words, StringComparison.OrdinalIgnoreCase));
        if (Number(query, "context") is { } context) models = models.Where(m => m.ContextLength >= context);
        if (Dollars(query, "min_price") is { } least) models = models.Where(m => m.Pricing.PromptUsd * 1_000_000 >= least);
        if (Dollars(query, "max_price") is { } most) models = models.Where(m => m.Pricing.PromptUsd * 1_000_000 <= most);
        return models;
    }

    static IEnumerable<CatalogModel> Sort(IEnumerable<CatalogModel> models, string? order) => order switch
    {
        "pricing-low-to-high" => models.OrderBy(m => m.Pricing.PromptUsd + m.Pricing.CompletionUsd),
        "pricing-high-to-low" => models.OrderByDescending(m => m.Pricing.PromptUsd + m.Pricing.CompletionUsd),
        "context-high-to-low" => models.OrderByDescending(m => m.ContextLength),
        "newest" => models.OrderByDescending(m => m.CreatedOn),
        _ => models,
    };

    static string[]? Texts(IQueryCollection query, string name) => query[name] is [{ Length: > 0 } text] ? text.Split(',', StringSplitOptions.TrimEntries) : null;

    static int? Number(IQueryCollection query, string name) => int.TryParse(query[name], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    static decimal? Dollars(IQueryCollection query, string name) => decimal.TryParse(query[name], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
