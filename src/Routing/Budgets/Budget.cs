namespace Routing.Budgets;

/// <summary>How much may be spent by whom in what time.</summary>
/// <param name="Scope">total, tenant, policy, task_kind, model, provider or worker.</param>
/// <param name="ScopeKey">Whose; <see cref="Each"/> for each one by itself; empty for the total.</param>
/// <param name="Period">task, day, week, month or lifetime.</param>
/// <param name="AlertThreshold">Share of the amount at which people are told, above 0 to 1.</param>
/// <param name="IsHard">Never passed; otherwise it only tells.</param>
/// <param name="Origin">operator, or policy where it follows a policy's limit for a task.</param>
/// <param name="Version">Grows with each change.</param>
public sealed record Budget(Guid BudgetId, string Scope, string ScopeKey, string Period, string TimeZone, decimal AmountUsd, decimal AlertThreshold, bool IsHard, bool IsEnabled,
    string Origin, long Version)
{
    /// <summary>The key of a budget that each tenant, worker, … has for itself.</summary>
    public const string Each = "*";

    /// <summary>UTC where this machine does not know its time zone.</summary>
    public TimeZoneInfo Zone => TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out var known) ? known : TimeZoneInfo.Utc;
}
