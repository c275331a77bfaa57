using Routing.Budgets;

namespace Routing.Selection;

/// <summary>The budgets of a snapshot by whom they are for.</summary>
sealed class BudgetsOfSnapshot
{
    static readonly BudgetLeft[] None = [];

    readonly Dictionary<(string Scope, string Key), BudgetLeft[]> hard;

    public BudgetsOfSnapshot(IReadOnlyList<BudgetLeft> budgets)
    {
        hard = budgets.Where(b => b.IsHard).GroupBy(b => (b.Scope, b.Key)).ToDictionary(g => g.Key, g => g.ToArray());
        UsedUp = [.. budgets.Where(b => !b.IsHard && b.Left <= NanoUsd.Zero)];
        Total = Of("total", "");
    }

    public BudgetLeft[] Total { get; }

    /// <summary>Soft budgets that have nothing left: they are told of and refuse nothing.</summary>
    public IReadOnlyList<BudgetLeft> UsedUp { get; }

    public bool IsEmpty => hard.Count == 0;

    public BudgetLeft[] Of(string scope, string? key) => key is not null && hard.TryGetValue((scope, key), out var found) ? found : None;
}

/// <summary>The least that any of the budgets seen so far has left.</summary>
/// <param name="Budget">Which one; null: the policy's own limit for a task.</param>
readonly record struct MoneyLeft(NanoUsd Left, BudgetLeft? Budget)
{
    /// <param name="spentByTask">Counts in budgets that begin anew with each task, which a snapshot cannot know the state of.</param>
    public MoneyLeft And(BudgetLeft[] budgets, NanoUsd spentByTask)
    {
        var least = this;
        foreach (var budget in budgets)
        {
            var left = budget.Left;
            if (budget.Period == "task" && budget.Amount - spentByTask < left) left = budget.Amount - spentByTask;
            if (left < least.Left) least = new(left, budget);
        }
        return least;
    }
}
