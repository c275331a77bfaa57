namespace Routing.Budgets;

/// <summary>Why a call was not let through: which budget does not have room for it.</summary>
/// <param name="Needed">The hold that did not fit.</param>
/// <param name="Left">What would fit.</param>
public sealed record BudgetRefusal(BudgetLeft Budget, NanoUsd Needed, NanoUsd Left)
{
    public override string ToString()
    {
        var whose = Budget.Key.Length == 0 ? Budget.Scope : $"{Budget.Scope} {Budget.Key}";
        var reset = Budget.ResetsAt is { } at ? $"; it resets at {at:O}" : "";
        return $"The {Budget.Period} budget of {whose} is {Budget.Amount}: {Budget.Settled} is spent, {Budget.Held} is held, and the call may cost {Needed}{reset}.";
    }
}
