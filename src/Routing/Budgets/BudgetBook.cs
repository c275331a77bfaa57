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

    /// <summary>
    /// The windows that a call's money is held in now, of all budgets that it falls under. Budgets for a task are for tasks: a call outside of one is bound by its
    /// policy's limit when it is decided, and opens no window that nobody else would ever hold in.
    /// </summary>
    public BudgetWindow[] WindowsOf(CallOrigin origin, string policy, string provider, string model, DateTimeOffset now)
    {
        var found = new List<BudgetWindow>(8);
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
            key = LedgerRows.Owner(key);
            if (byScope.TryGetValue((scope, key), out var own)) foreach (var entry in own) AddWindow(entry, "");
            if (key.Length > 0 && byScope.TryGetValue((scope, Budget.Each), out var each)) foreach (var entry in each) AddWindow(entry, key);
        }

        void AddWindow(Entry entry, string subject)
        {
            if (entry.IsPerTask && origin.TaskId is null) return;
            found.Add(entry.WindowAt(now, subject, origin.TaskId ?? Guid.Empty));
        }
    }

    /// <summary>A budget with the windows that are open now: a calendar is asked once a window.</summary>
    sealed class Entry(Budget budget)
    {
        readonly TimeZoneInfo zone = budget.Zone;
        readonly ConcurrentDictionary<string, BudgetWindow> open = new(StringComparer.Ordinal);

        public bool IsPerTask => budget.Period == BudgetTerms.PerTask;

        public BudgetWindow WindowAt(DateTimeOffset now, string subject, Guid task)
        {
            if (IsPerTask) return BudgetWindow.Of(budget, zone, subject, task, now);
            if (open.TryGetValue(subject, out var window) && (window.EndsAt is not { } end || now < end) && (window.StartsAt is not { } start || now >= start)) return window;
            return open[subject] = BudgetWindow.Of(budget, zone, subject, task, now);
        }
    }
}
