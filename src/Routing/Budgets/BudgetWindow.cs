using System.Globalization;

namespace Routing.Budgets;

/// <summary>One window of one budget: a day, a week, a month, a task or all time.</summary>
/// <param name="Key">Names it within the budget.</param>
/// <param name="Subject">Whose it is where the budget is kept for each one by itself; else empty.</param>
/// <param name="StartsAt">Null for a task and all time.</param>
/// <param name="EndsAt">When the next one begins; null for a task and all time.</param>
public sealed record BudgetWindow(Guid BudgetId, string Key, string Subject, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt)
{
    /// <summary>The window that a moment lies in.</summary>
    /// <param name="zone">Of the budget: a day is as long as it is there, 23 to 25 hours.</param>
    /// <param name="task">What a window of the period task is kept for.</param>
    public static BudgetWindow Of(Budget budget, TimeZoneInfo zone, string subject, Guid task, DateTimeOffset now)
    {
        if (budget.Period == BudgetTerms.PerTask) return new BudgetWindow(budget.BudgetId, Named($"{task:N}", subject), subject, null, null);
        if (budget.Period == BudgetTerms.Lifetime) return new BudgetWindow(budget.BudgetId, Named(BudgetTerms.Lifetime, subject), subject, null, null);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        var (first, next) = budget.Period switch
        {
            BudgetTerms.Day => (today, today.AddDays(1)),
            BudgetTerms.Week => (Monday(today), Monday(today).AddDays(7)), // ISO 8601: weeks begin on Monday
            BudgetTerms.Month => (new DateOnly(today.Year, today.Month, 1), new DateOnly(today.Year, today.Month, 1).AddMonths(1)),
            var other => throw new ArgumentOutOfRangeException(nameof(budget), other, "period must be task, day, week, month or lifetime"),
        };
        return new BudgetWindow(budget.BudgetId, Named(first.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), subject), subject, Midnight(first, zone), Midnight(next, zone));
    }

    static DateOnly Monday(DateOnly day) => day.AddDays(-(((int)day.DayOfWeek + 6) % 7));

    static string Named(string key, string subject) => subject.Length == 0 ? key : $"{key} {subject}";

    /// <summary>When a day begins: at the first moment that clocks there show it, which is not midnight where they are put forward at midnight.</summary>
    static DateTimeOffset Midnight(DateOnly day, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(TimeOnly.MinValue);
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(15);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local); // the first of the two
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
