using System.Text.Json.Nodes;

namespace Routing.Catalog;

/// <summary>What a provider's list changes in the catalog; a decision, nothing is done here.</summary>
/// <param name="Write">Models that are new, back or other than they were.</param>
/// <param name="Gone">Slugs that are not listed any more.</param>
/// <param name="Prices">What became of prices; null: not known any more.</param>
/// <param name="Before">Models that were there.</param>
public sealed record CatalogDifference(IReadOnlyList<ListedModel> Write, IReadOnlyList<string> Gone, IReadOnlyList<NewPrice> Prices, IReadOnlyList<ModelChange> Changes, int Before)
{
    /// <summary>More than half is missing: rather a slip of the provider than the end of so many models.</summary>
    public bool IsSuspicious => Gone.Count * 2 > Before;

    public bool IsNothing => Write.Count + Gone.Count + Prices.Count == 0;
}

/// <param name="Price">Null: not known any more.</param>
public sealed record NewPrice(string Slug, ModelPrice? Price);

/// <param name="Kind">new, gone, back, price_up, price_down, changed or corrected.</param>
public sealed record ModelChange(string Slug, string Kind, JsonObject Detail);

/// <param name="IsGone">It was not in the list the last time.</param>
public sealed record KnownModel(ListedModel Model, bool IsGone);

public static class CompareCatalog
{
    /// <param name="known">All that the catalog has of the provider, by slug.</param>
    public static CatalogDifference Decide(IReadOnlyDictionary<string, KnownModel> known, ModelListing.Listed listing)
    {
        var write = new List<ListedModel>();
        var prices = new List<NewPrice>();
        var changes = new List<ModelChange>();
        foreach (var model in listing.Models)
        {
            var before = known.GetValueOrDefault(model.Slug);
            if (before is null) changes.Add(new ModelChange(model.Slug, "new", Priced(model.Facts(), model.Price)));
            else if (before.IsGone) changes.Add(new ModelChange(model.Slug, "back", []));
            var facts = before is null ? [] : Differences(before.Model.Facts(), model.Facts());
            if (facts.Count > 0) changes.Add(new ModelChange(model.Slug, "changed", facts));
            if (before is null || before.IsGone || facts.Count > 0) write.Add(model);
            if (Same(before?.Model.Price, model.Price)) continue;
            prices.Add(new NewPrice(model.Slug, model.Price));
            if (before is not null) changes.Add(new ModelChange(model.Slug, Direction(before.Model.Price, model.Price), Pair(before.Model.Price, model.Price)));
        }
        // An item that could not be read says at least that its model is still there.
        var present = listing.Models.Select(m => m.Slug).Concat(listing.LeftOut.Select(l => l.Slug)).ToHashSet();
        var there = known.Values.Where(k => !k.IsGone).ToArray();
        var gone = there.Select(k => k.Model.Slug).Where(slug => !present.Contains(slug)).Order(StringComparer.Ordinal).ToArray();
        changes.AddRange(gone.Select(slug => new ModelChange(slug, "gone", [])));
        return new CatalogDifference(write, gone, prices, changes, there.Length);
    }

    static bool Same(ModelPrice? a, ModelPrice? b) => JsonNode.DeepEquals(Json(a), Json(b));

    /// <summary>One price that rises is a rise, whatever else falls.</summary>
    static string Direction(ModelPrice? before, ModelPrice? after)
    {
        if (before is null || after is null) return "changed";
        var pairs = Parts(before).Zip(Parts(after)).ToArray();
        return pairs.Any(p => p.Second > p.First) ? "price_up" : pairs.Any(p => p.Second < p.First) ? "price_down" : "changed";
    }

    /// <summary>What a call may be billed by, with the dearest that any override makes of it.</summary>
    static IEnumerable<decimal> Parts(ModelPrice price)
    {
        var left = 1 - price.Discount;
        decimal write = price.CacheWriteUsd ?? price.PromptUsd, longWrite = price.CacheWrite1hUsd ?? write;
        yield return left * Dearest(price.PromptUsd, o => o.PromptUsd);
        yield return left * price.PromptUsd;
        yield return left * Dearest(price.CompletionUsd, o => o.CompletionUsd);
        yield return left * price.CompletionUsd;
        yield return left * Dearest(price.RequestUsd, o => o.RequestUsd);
        yield return left * Dearest(price.CacheReadUsd ?? price.PromptUsd, o => o.CacheReadUsd);
        yield return left * Dearest(write, o => o.CacheWriteUsd);
        yield return left * Dearest(longWrite, o => o.CacheWrite1hUsd);
        yield return left * price.ImageUsd;
        yield return left * price.SearchUsd;
        yield return left * PriceFormula.ReasoningUsd(price);

        decimal Dearest(decimal plain, Func<PriceOverride, decimal?> of) => price.Overrides.Select(of).Aggregate(plain, (most, o) => o > most ? o.Value : most);
    }

    static JsonObject Differences(JsonObject before, JsonObject after)
    {
        var differences = new JsonObject();
        foreach (var (name, value) in after)
            if (!JsonNode.DeepEquals(before[name], value))
                differences[name] = new JsonObject { ["old"] = before[name]?.DeepClone(), ["new"] = value?.DeepClone() };
        return differences;
    }

    internal static JsonObject Pair(ModelPrice? before, ModelPrice? after) => new() { ["old"] = Json(before), ["new"] = Json(after) };

    static JsonObject Priced(JsonObject facts, ModelPrice? price)
    {
        facts["price"] = Json(price);
        return facts;
    }

    static JsonObject? Json(ModelPrice? price) => price is null ? null : PriceJson.Of(price);
}
