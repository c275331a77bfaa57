using Routing.Budgets;
using Routing.Catalog;
using Routing.Learning;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>One model of a policy, and by whom it can be had at present.</summary>
sealed class IndexedEntry
{
    static readonly string[] Ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];

    /// <param name="taken">Slugs that stand for themselves already; gets the successor that this entry takes.</param>
    public IndexedEntry(PolicyModel model, int at, int count, Policy policy, RoutingSnapshot snapshot, ILookup<string, CatalogModel> catalog, BudgetsOfSnapshot budgets, HashSet<string> taken)
    {
        Model = model;
        Conditions = model.When is { } when ? new IndexedConditions(when) : null;
        Position = count == 1 ? $"It is the only model of the policy {policy.Name}." : at < Ordinals.Length ? $"It is the {Ordinals[at]} choice of the policy {policy.Name}."
            : $"It is choice {at + 1} of the policy {policy.Name}.";
        var slug = Present(model.Model) ? model.Model : model.Aliases.FirstOrDefault(a => Present(a) && !taken.Contains(a));
        if (slug is not null && slug != model.Model)
        {
            taken.Add(slug);
            Warning = $"{model.Model} is not in the catalog any more; its successor {slug} stands in for it.";
        }
        // Nobody is left: then what the catalog still says of the model itself explains it best.
        Options = [.. catalog[slug ?? model.Model].Select(m => new IndexedOption(m, policy, snapshot, budgets)).OrderBy(o => o.Order).ThenBy(o => o.Model.Provider, StringComparer.Ordinal)];
        if (Options.Length == 0)
            Gone = new Excluded("", model.Model, model.Aliases.Count == 0 ? "It is not in the catalog, and the policy names no successor." : "It is not in the catalog, and neither is any of its successors.");

        bool Present(string name) => catalog[name].Any(m => !(m.ExpiresAt <= snapshot.TakenAt));
    }

    /// <summary>Lays a learned order over it, while the index is made.</summary>
    public void Order(IEnumerable<IndexedOption> options, Rank[] ranks)
    {
        Options = [.. options];
        if (Options is not [var first, ..] || Array.Find(ranks, r => (r.Provider, r.Model) == (first.Model.Provider, first.Model.Slug)) is not { } rank) return;
        IsPinned = rank.PinnedBy is not null;
        Place = IsPinned ? $"It was put in place {rank.Position} by {rank.PinnedBy}: {rank.Reason}." : rank.Reason == RankPolicies.AsThePolicySays ? null : $"It came to place {rank.Position}: {rank.Reason}.";
    }

    public PolicyModel Model { get; }

    public IndexedConditions? Conditions { get; }

    /// <summary>Cheapest first; empty when the model is gone.</summary>
    public IndexedOption[] Options { get; private set; }

    /// <summary>That its place is not the policy's; null: it is.</summary>
    public string? Place { get; private set; }

    /// <summary>Somebody has put it where it is.</summary>
    public bool IsPinned { get; private set; }

    public Excluded? Gone { get; }

    public string Position { get; }

    /// <summary>That a successor stands in; null: none does.</summary>
    public string? Warning { get; }
}

/// <summary>A model at one provider, under one policy.</summary>
sealed class IndexedOption
{
    // Thirty to ten: what most calls are like. It only orders the providers of one model.
    static readonly TokenUsage Usual = new(3000, 1000);

    public IndexedOption(CatalogModel model, Policy policy, RoutingSnapshot snapshot, BudgetsOfSnapshot budgets)
    {
        Model = model;
        Record = snapshot.Records.GetValueOrDefault((model.Provider, model.Slug, policy.Name));
        Evidence = Selection.Evidence.Of(Record);
        ModelBudgets = budgets.Of("model", model.Slug);
        ProviderBudgets = budgets.Of("provider", model.Provider);
        Order = model.Price is { } price ? PriceFormula.CostUsd(price, Usual, snapshot.TakenAt) : decimal.MaxValue;
        if ((Always(model, snapshot) ?? ModelRules.Breach(policy.Config, model, policy.Name)) is { } reason) Excluded = new Excluded(model.Provider, model.Slug, reason);
    }

    public CatalogModel Model { get; }

    public ModelRecord? Record { get; }

    /// <summary>Null: there is not enough of it.</summary>
    public Evidence? Evidence { get; }

    public BudgetLeft[] ModelBudgets { get; }

    public BudgetLeft[] ProviderBudgets { get; }

    public decimal Order { get; }

    /// <summary>Three tokens of input to one of output; null: the price is not known.</summary>
    public decimal? UsualUsdPerToken => Model.Price is null ? null : Order / (Usual.PromptTokens + Usual.CompletionTokens);

    /// <summary>That it cannot be chosen, whatever is asked; null: it can.</summary>
    public Excluded? Excluded { get; }

    static string? Always(CatalogModel model, RoutingSnapshot snapshot)
    {
        if (model.ExpiresAt <= snapshot.TakenAt) return $"It was taken away by the provider on {model.ExpiresAt.Value.UtcDateTime:yyyy-MM-dd}.";
        if (snapshot.Standing.TryGetValue((model.Provider, model.Slug), out var reason)) return $"It stands still: {reason}";
        if (snapshot.Standing.TryGetValue((model.Provider, ""), out var whole)) return $"The provider {model.Provider} stands still: {whole}";
        if (model.Price is null) return "Its price is not known, and no ceiling is set for it.";
        return model.OutputModalities.Contains("text") ? null : "It does not answer with text.";
    }
}

/// <summary>What a policy demands of every model that is used for it, those of policies that stand in included.</summary>
static class ModelRules
{
    /// <returns>What the model breaks, in words; null: nothing.</returns>
    public static string? Breach(PolicyConfig config, CatalogModel model, string policy)
    {
        if (Capabilities.Missing(model, config.Requires) is { } need) return $"It lacks {need}, which the policy {policy} requires.";
        var data = config.Data;
        if (data.ZeroRetention && !model.IsZeroRetention) return $"The policy {policy} allows only providers that keep nothing, and this one may.";
        if (data.EuOnly && !(model.Regions.Count > 0 && model.Regions.All(r => r == "eu")))
            return $"The policy {policy} allows only what is computed in the EU, and this is {(model.Regions.Count == 0 ? "computed nobody knows where" : $"computed in {string.Join(", ", model.Regions)}")}.";
        if (data.AllowProviders.Count > 0 && !data.AllowProviders.Contains(model.Provider)) return $"The policy {policy} allows only the providers {string.Join(", ", data.AllowProviders)}.";
        return data.DenyProviders.Contains(model.Provider) ? $"The policy {policy} forbids the provider {model.Provider}." : null;
    }
}
