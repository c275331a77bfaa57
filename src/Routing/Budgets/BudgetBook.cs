using System.Collections.Concurrent;
using Routing.Calls;

namespace Routing.Budgets;

/// <summary>All enabled budgets at one moment, found by what a call falls under. Never changed: a change is another book.</summary>
public sealed class BudgetBook
{
    public static readonly BudgetBook Empty = new([], 0);

    readonly Dictionary<(string Scope, string Key), Entry[]> byScope;

    /// <param name="change">Grows with every change of any budget.</param>
    public BudgetBook(IReadOnlyList<Budget> budgets, long change)
    {
        (All, Change) = (budgets, change);
        byScope = budgets.Where(b => b.IsEnabled).GroupBy(b => (b.Scope, b.ScopeKey)).ToDictionary(g => g.Key, g => g.Select(b => new Entry(b)).ToArray());
        ById = budgets.ToDictionary(b => b.BudgetId);
    }

    public long Change { get; }

    public IReadOnlyList<Budget> All { get; }

    public IReadOnlyDictionary<Guid, Budget> ById { get; }

    /// <summary>The windows that a call's money is held in now, of all budgets that it falls under.</summary>
    public BudgetWindow[] WindowsOf(CallOrigin origin, string policy, string provider, string model, DateTimeOffset now)
    {
        var found = new List<BudgetWindow>(8);
        var task = origin.TaskId ?? origin.RequestId; // what is no task's is its own
        Add(BudgetTerms.Total, "");
        Add(BudgetTerms.Tenant, origin.Tenant);
        Add(BudgetTerms.Policy, policy);
        Add(BudgetTerms.TaskKind, origin.TaskKind);
        Add(BudgetTerms.Model, model);
        Add(BudgetTerms.Provider, provider);
        Add(BudgetTerms.Worker, origin.Worker);
        return [.. found];

        void Add(string scope, string? key)
        {
            if (key is null) return;
            if (byScope.TryGetValue((scope, key), out var own)) foreach (var entry in own) found.Add(entry.WindowAt(now, "", task));
            if (key.Length > 0 && byScope.TryGetValue((scope, Budget.Each), out var each)) foreach (var entry in each) found.Add(entry.WindowAt(now, key, task));
        }
    }

    /// <summary>A budget with the windows that are open now: a calendar is asked once a window.</summary>
    sealed class Entry(Budget budget)
    {
        readonly TimeZoneInfo zone = budget.Zone;
        readonly ConcurrentDictionary<string, BudgetWindow> open = new(StringComparer.Ordinal);

        public BudgetWindow WindowAt(DateTimeOffset now, string subject, Guid task)
        {
            if (budget.Period == BudgetTerms.PerTask) return BudgetWindow.Of(budget, zone, subject, task, now);
            if (open.TryGetValue(subject, out var window) && (window.EndsAt is not { } end || now < end) && (window.StartsAt is not { } start || now >= start)) return window;
            return open[subject] = BudgetWindow.Of(budget, zone, subject, task, now);
        }
    }
}
