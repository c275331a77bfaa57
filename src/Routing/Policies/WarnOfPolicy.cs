using Routing.Catalog;
using Routing.Selection;

namespace Routing.Policies;

/// <summary>What is allowed and likely not meant: told when a policy is saved, beside the catalog of that moment.</summary>
public static class WarnOfPolicy
{
    static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    /// <summary>A usual input: some pages.</summary>
    const int UsualBytes = 8000;

    /// <returns>A sentence each; empty when nothing is odd.</returns>
    public static IReadOnlyList<string> Run(PolicyConfig config, PolicySet set, IReadOnlyList<CatalogModel> catalog, DateTimeOffset now)
    {
        var warnings = new List<string>();
        if (config.Models.Count == 1) warnings.Add("There is only one model: when it stands still, nothing can take its place.");
        else if (config.Models.All(m => m.When is not null)) warnings.Add("Every model has a condition: for a request that meets none there is no model.");
        foreach (var type in config.Models.Select(m => m.When).Append(config.When).SelectMany(w => w?.TaskTypes ?? []).Distinct().Where(t => !set.TaskTypes.ContainsKey(t)))
            warnings.Add($"The task type {type} of a condition is not in the table of task types.");
        if (catalog.Count == 0) warnings.Add("The catalog of models is empty: nothing could be compared with it.");
        else OfCatalog(config, catalog, now, warnings);
        return warnings;
    }

    static void OfCatalog(PolicyConfig config, IReadOnlyList<CatalogModel> catalog, DateTimeOffset now, List<string> warnings)
    {
        var usable = 0;
        foreach (var wanted in config.Models)
        {
            var slug = new[] { wanted.Model }.Concat(wanted.Aliases).FirstOrDefault(s => catalog.Any(m => m.Slug == s));
            if (slug is null) warnings.Add($"{wanted.Model} is not in the catalog{(wanted.Aliases.Count > 0 ? ", and neither is any of its successors" : "")}.");
            else if (slug != wanted.Model) warnings.Add($"{wanted.Model} is not in the catalog; its successor {slug} will stand in for it.");
            if (slug is null) continue;

            var allowed = catalog.Where(m => m.Slug == slug && ModelRules.Breach(config, m, "itself") is null).ToArray();
            if (allowed.Length == 0) warnings.Add($"{slug} can never be used: {ModelRules.Breach(config, catalog.First(m => m.Slug == slug), "itself")}");
            else if (allowed.All(m => m.Price is null)) warnings.Add($"{slug} has no known price and no ceiling: it cannot be used.");
            else usable++;
            if (allowed.Length > 0 && allowed.All(m => m.ExpiresAt <= now + Soon)) warnings.Add($"{slug} is taken away by its provider on {allowed.Max(m => m.ExpiresAt)!.Value.UtcDateTime:yyyy-MM-dd}.");
            if (allowed.Length > 0 && allowed.All(m => m.MaxOutputTokens < config.MaxTokens)) warnings.Add($"{slug} answers with at most {allowed.Max(m => m.MaxOutputTokens)} tokens, max_tokens is {config.MaxTokens}.");
            if (allowed.Where(m => m.Price is not null).Select(m => PriceFormula.MostUsd(m.Price!, UsualBytes, config.MaxTokens)).Order().FirstOrDefault() is var most && most > config.MaxCostPerTaskUsd)
                warnings.Add($"A call of {slug} with {UsualBytes} bytes of input and {config.MaxTokens} tokens of output may cost {NanoUsd.Ceiling(most)}, more than max_cost_per_task_usd, ${config.MaxCostPerTaskUsd}: its answers will be cut shorter.");
        }
        if (usable == 0) warnings.Add("None of its models can be used at present.");
        else if (usable == 1 && config.Models.Count > 1) warnings.Add("Only one of its models can be used at present: nothing can take its place.");
    }
}
