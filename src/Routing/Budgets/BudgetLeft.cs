namespace Routing.Budgets;

/// <summary>What a budget has left in its present window, as a process knows it: a moment old, for decisions only. Holds alone decide.</summary>
/// <param name="Scope">total, tenant, policy, task_kind, model, provider or worker.</param>
/// <param name="Key">Whose: the tenant, policy, kind, model, provider or worker; empty for the total.</param>
/// <param name="Period">task, day, week, month or lifetime.</param>
/// <param name="ResetsAt">When its next window begins; null for a task and a lifetime.</param>
public sealed record BudgetLeft(Guid BudgetId, string Scope, string Key, string Period, bool IsHard, NanoUsd Amount, NanoUsd Settled, NanoUsd Held, DateTimeOffset? ResetsAt)
{
    public NanoUsd Left => Amount - Settled - Held;
}
