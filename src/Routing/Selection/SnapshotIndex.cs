using System.Runtime.CompilerServices;
using Routing.Budgets;
using Routing.Catalog;
using Routing.Learning;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>What can be worked out of a snapshot before anybody asks: made at the first decision on it, and kept as long as it is.</summary>
sealed class SnapshotIndex
{
    // Not a member of the snapshot: a record's copy would take it along.
    static readonly ConditionalWeakTable<RoutingSnapshot, SnapshotIndex> Made = [];

    readonly Dictionary<string, IndexedPolicy> policies = new(StringComparer.Ordinal);
    readonly Dictionary<string, (IndexedPolicy? Policy, string Why)> byTaskType = new(StringComparer.Ordinal);

    SnapshotIndex(RoutingSnapshot snapshot)
    {
        Snapshot = snapshot;
        Budgets = new BudgetsOfSnapshot(snapshot.Budgets);
        var catalog = snapshot.Models.ToLookup(m => m.Slug, StringComparer.Ordinal);
        foreach (var policy in snapshot.Policies.ByName.Values) policies[policy.Name] = new IndexedPolicy(policy, snapshot, catalog, Budgets);
        foreach (var (alias, name) in snapshot.Policies.Aliases)
            if (policies.TryGetValue(name, out var policy)) policies.TryAdd(alias, policy);
        foreach (var (type, name) in snapshot.Policies.TaskTypes)
            byTaskType[type] = (policies.GetValueOrDefault(name), $"Tasks of the type {type} go by the policy {name}.");
    }

    public RoutingSnapshot Snapshot { get; }

    public BudgetsOfSnapshot Budgets { get; }

    public static SnapshotIndex Of(RoutingSnapshot snapshot) => Made.GetValue(snapshot, static s => new SnapshotIndex(s));

    /// <summary>Verdicts on a model under all policies: the good ones, and all.</summary>
    public (double Good, double All) JudgedEverywhere(string provider, string slug)
    {
        var (good, all) = (0.0, 0.0);
        foreach (var (key, record) in Snapshot.Records)
            if (key.Provider == provider && key.Slug == slug) (good, all) = (good + record.Good, all + record.Good + record.Bad);
        return (good, all);
    }

    /// <param name="nameOrAlias">As somebody asks for it.</param>
    public IndexedPolicy? Find(string nameOrAlias) => policies.GetValueOrDefault(nameOrAlias);

    /// <summary>The policy of a request.</summary>
    /// <param name="why">How it came to it, or why there is none.</param>
    public IndexedPolicy? Find(RoutingRequest request, out string why)
    {
        if (request.Policy is { } asked)
        {
            var found = Find(asked);
            why = found is null ? $"There is no policy \"{PolicyNames.Cut(asked)}\"; there are {string.Join(", ", Snapshot.Policies.ByName.Keys.Order(StringComparer.Ordinal))}."
                : found.Name == asked ? found.AskedFor : $"{asked} is another name of the policy {found.Name}.";
            return found;
        }
        if (request.TaskType is { } type && byTaskType.TryGetValue(type, out var typed))
        {
            why = typed.Policy is null ? $"{typed.Why[..^1]}, which is not in force." : typed.Why;
            return typed.Policy;
        }
        var generic = byTaskType.GetValueOrDefault(TaskType.Generic).Policy;
        var what = request.TaskType is { } unknown ? $"Nothing is said of tasks of the type {PolicyNames.Cut(unknown)}" : "Neither a policy nor a type of task was named";
        why = generic is null ? $"{what}, and the type {TaskType.Generic} leads to no policy either." : $"{what}: they go by {generic.Name}, the policy of the type {TaskType.Generic}.";
        return generic;
    }
}

/// <summary>A policy with its models in the order of priority.</summary>
sealed class IndexedPolicy
{
    public IndexedPolicy(Policy policy, RoutingSnapshot snapshot, ILookup<string, CatalogModel> catalog, BudgetsOfSnapshot budgets)
    {
        (Policy, Config) = (policy, policy.Config);
        AskedFor = $"The policy {policy.Name} was asked for.";
        Conditions = policy.Config.When is { } when ? new IndexedConditions(when) : null;
        Budgets = budgets.Of("policy", policy.Name);
        Limit = NanoUsd.Floor(policy.Config.MaxCostPerTaskUsd);
        var ordered = policy.Config.Models.Index().OrderBy(m => m.Item.Priority).ThenBy(m => m.Index).Select(m => m.Item).ToArray();
        var taken = ordered.Select(m => m.Model).ToHashSet(StringComparer.Ordinal);
        Entries = [.. ordered.Select((model, i) => new IndexedEntry(model, i, ordered.Length, policy, snapshot, catalog, budgets, taken))];
        (AsWritten, Ranks) = (Entries, [.. snapshot.Ranks[policy.Name]]);
        if (Ranks.Length > 0) Entries = InOrderOf(Ranks, Entries);
        HasEvidence = Entries.Any(e => e.Options.Any(o => o.Evidence is not null));
    }

    public Policy Policy { get; }

    public PolicyConfig Config { get; }

    public string Name => Policy.Name;

    public string AskedFor { get; }

    public IndexedConditions? Conditions { get; }

    public IndexedEntry[] Entries { get; }

    /// <summary>In the order of the policy's priorities, whatever was learned.</summary>
    public IndexedEntry[] AsWritten { get; }

    public BudgetLeft[] Budgets { get; }

    /// <summary>What a task may cost.</summary>
    public NanoUsd Limit { get; }

    public bool HasEvidence { get; }

    /// <summary>The order that was learned, or pinned, over the policy's own; empty: nothing has been.</summary>
    public Rank[] Ranks { get; }

    /// <summary>The providers of a model stay together, at the best of their places.</summary>
    static IndexedEntry[] InOrderOf(Rank[] ranks, IndexedEntry[] entries)
    {
        var options = entries.SelectMany(e => e.Options.Select(o => (Entry: e, Option: o))).ToArray();
        var ordered = RankOverlay.Order(options, ranks, o => (o.Option.Model.Provider, o.Option.Model.Slug));
        foreach (var entry in entries) entry.Order(ordered.Where(o => o.Entry == entry).Select(o => o.Option), ranks);
        return [.. ordered.Select(o => o.Entry).Distinct(), .. entries.Where(e => e.Options.Length == 0)];
    }
}
