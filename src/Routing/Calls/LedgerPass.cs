using Routing.Budgets;

namespace Routing.Calls;

/// <summary>What one transaction of the ledger writes.</summary>
sealed class LedgerPass
{
    public List<Closing> Closed { get; init; } = [];

    /// <summary>Providers' names for calls that go on.</summary>
    public IReadOnlyList<(Guid SelectionId, string GenerationId)> Notes { get; init; } = [];

    /// <summary>Held, to be entered.</summary>
    public List<Opening> Opened { get; } = [];

    public List<(Opening Opening, BudgetRefusal Refusal)> Refused { get; } = [];

    public IReadOnlyList<GivenBack> GivenBack { get; set; } = [];

    public Dictionary<(Guid BudgetId, string Key), WindowChange> Changes { get; } = [];

    public bool IsEmpty => Changes.Count == 0 && Closed.Count == 0 && Opened.Count == 0 && Notes.Count == 0;

    public WindowChange Of(BudgetWindow window)
    {
        var key = (window.BudgetId, window.Key);
        return Changes.TryGetValue(key, out var change) ? change : Changes[key] = new WindowChange(window);
    }

    /// <summary>Gathers what ended calls and returned money mean for the windows.</summary>
    public void Count()
    {
        foreach (var closing in Closed)
            foreach (var window in closing.Call.Windows)
            {
                var change = Of(window);
                change.SettledUsd += closing.CostUsd;
                change.GrantedUsd -= closing.CoveredUsd;
                change.Calls++;
            }
        foreach (var back in GivenBack)
        {
            var change = Of(back.Window);
            change.GrantedUsd -= back.Usd;
            (change.IsExact, change.IsOver) = (back.IsExact, back.IsOver);
        }
    }
}

/// <summary>How one window, and this process's slice of it, changes.</summary>
sealed class WindowChange(BudgetWindow window)
{
    public BudgetWindow Window => window;

    public decimal SettledUsd { get; set; }

    /// <summary>Above zero: more is granted than given back and spent.</summary>
    public decimal GrantedUsd { get; set; }

    public int Calls { get; set; }

    public int Refused { get; set; }

    /// <summary>Whether the slice has nothing free any more; null: as it was.</summary>
    public bool? IsExact { get; set; }

    /// <summary>The window itself; null: as it was.</summary>
    public bool? IsTight { get; set; }

    /// <summary>The slice's row goes.</summary>
    public bool IsOver { get; set; }
}
