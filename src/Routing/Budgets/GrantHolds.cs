using Routing.Calls;

namespace Routing.Budgets;

/// <summary>Grants holds in windows that are locked: first come, first served, each in all of its windows or in none.</summary>
sealed class GrantHolds(LocalSlices slices, CurrentBudgets budgets, TimeProvider time)
{
    readonly Dictionary<(Guid, string), WindowState> states = [];

    /// <param name="pass">Gets what is granted, opened and refused; what it ends and gives back already counts.</param>
    /// <param name="waiting">Gets those that others may still make room for.</param>
    public void Decide(LedgerPass pass, IReadOnlyList<Opening> needing, List<Opening> waiting, IReadOnlyDictionary<(Guid, string), LockedWindow> locked)
    {
        foreach (var (key, window) in locked)
        {
            var change = pass.Changes.GetValueOrDefault(key);
            states[key] = window.State with
            {
                SettledUsd = window.State.SettledUsd + (change?.SettledUsd ?? 0), GrantedUsd = window.State.GrantedUsd + (change?.GrantedUsd ?? 0),
            };
        }
        foreach (var opening in needing)
        {
            if (Refusal(opening, locked, out var mayWait) is not { } refused)
            {
                if (TryGrant(pass, opening)) pass.Opened.Add(opening);
                else opening.Fail(new InvalidOperationException($"Call {opening.Call.SelectionId} was granted its hold and has no room for it.")); // and no other with it
            }
            else if (mayWait && time.GetTimestamp() < opening.WaitsUntil)
            {
                waiting.Add(opening);
                var key = (refused.Window.BudgetId, refused.Window.Key);
                if (!states[key].IsTight) pass.Of(refused.Window).IsTight = true; // who has something to spare gives it back
                states[key] = states[key] with { IsTight = true };
            }
            else
            {
                pass.Of(refused.Window).Refused++;
                pass.Refused.Add((opening, Explain(refused.Window, refused.Need)));
            }
        }
    }

    /// <returns>The window that has no room, with what it lacks; null when all have.</returns>
    (BudgetWindow Window, decimal Need)? Refusal(Opening opening, IReadOnlyDictionary<(Guid, string), LockedWindow> locked, out bool mayWait)
    {
        mayWait = false;
        (BudgetWindow, decimal)? first = null;
        foreach (var window in opening.Windows)
        {
            if (!states.TryGetValue((window.BudgetId, window.Key), out var state)) continue; // its budget has gone
            var need = opening.Call.Hold.Usd - slices.FreeOf(window);
            if (need <= 0) continue;
            switch (DecideGrant.Of(state, need, budgets.Holders, locked[(window.BudgetId, window.Key)].OthersSpare))
            {
                case DecideGrant.Later:
                    mayWait |= first is null;
                    first ??= (window, opening.Call.Hold.Usd);
                    break;
                case DecideGrant.Refused:
                    mayWait = false;
                    return (window, opening.Call.Hold.Usd);
            }
        }
        return first;
    }

    bool TryGrant(LedgerPass pass, Opening opening)
    {
        foreach (var window in opening.Windows)
        {
            var key = (window.BudgetId, window.Key);
            if (!states.TryGetValue(key, out var state)) continue;
            slices.Know(window);
            var need = opening.Call.Hold.Usd - slices.FreeOf(window);
            if (need <= 0) continue;
            var granted = (DecideGrant.Granted)DecideGrant.Of(state, need, budgets.Holders, othersSpare: false);
            var change = pass.Of(window);
            change.GrantedUsd += granted.Usd;
            change.IsExact = granted.IsTight;
            change.IsOver = false;
            if (granted.IsTight != state.IsTight) change.IsTight = granted.IsTight;
            states[key] = state with { GrantedUsd = state.GrantedUsd + granted.Usd, IsTight = granted.IsTight };
            slices.Grant(window, granted.Usd, granted.IsTight);
        }
        return slices.TryHold([.. opening.Windows.Where(w => states.ContainsKey((w.BudgetId, w.Key)))], opening.Call.Hold);
    }

    BudgetRefusal Explain(BudgetWindow window, decimal needUsd)
    {
        var state = states[(window.BudgetId, window.Key)];
        var budget = budgets.Book.ById.GetValueOrDefault(window.BudgetId);
        var left = new BudgetLeft(window.BudgetId, budget?.Scope ?? "", window.Subject.Length > 0 ? window.Subject : budget?.ScopeKey ?? "", budget?.Period ?? "", state.IsHard,
            NanoUsd.Floor(state.AmountUsd), NanoUsd.Ceiling(state.SettledUsd), NanoUsd.Ceiling(state.GrantedUsd), window.EndsAt);
        return new BudgetRefusal(left, NanoUsd.Ceiling(needUsd), NanoUsd.Floor(Math.Max(0, state.AmountUsd - state.SettledUsd - state.GrantedUsd)));
    }
}
