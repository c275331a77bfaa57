using Routing.Budgets;
using Routing.Catalog;
using Routing.Learning;

namespace Routing.Selection;

/// <summary>Where the parts of a snapshot come from, besides its policies; what nobody supplies is empty. Each is asked every second: it answers from memory, or looks whether anything has changed.</summary>
public sealed record SnapshotSources
{
    public Func<CancellationToken, Task<IReadOnlyList<CatalogModel>>> Models { get; init; } = _ => Task.FromResult<IReadOnlyList<CatalogModel>>([]);

    public Func<CancellationToken, Task<IReadOnlyDictionary<(string Provider, string Slug), string>>> Standing { get; init; } =
        _ => Task.FromResult<IReadOnlyDictionary<(string, string), string>>(new Dictionary<(string, string), string>());

    public Func<CancellationToken, Task<IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord>>> Records { get; init; } =
        _ => Task.FromResult<IReadOnlyDictionary<(string, string, string), ModelRecord>>(new Dictionary<(string, string, string), ModelRecord>());

    public Func<CancellationToken, Task<ILookup<string, Rank>>> Ranks { get; init; } = _ => Task.FromResult(Enumerable.Empty<Rank>().ToLookup(r => r.Policy));

    /// <summary>Share of calls that try the most promising other model.</summary>
    public double ExploredShare { get; init; }

    public Func<CancellationToken, Task<IReadOnlyList<BudgetLeft>>> Budgets { get; init; } = _ => Task.FromResult<IReadOnlyList<BudgetLeft>>([]);
}
