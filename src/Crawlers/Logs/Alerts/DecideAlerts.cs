using System.Globalization;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Alerts;

/// <summary>What is known of an error right after it was counted.</summary>
/// <param name="IsNew">It was never counted before.</param>
/// <param name="Level">The worst of what was counted just now.</param>
/// <param name="Service">Of the first that was counted just now.</param>
/// <param name="Services">Of all that were.</param>
/// <param name="IsBack">It was resolved, and has come again since.</param>
/// <param name="Minutes">Those that were just counted in.</param>
public sealed record ErrorFacts(string Group, bool IsNew, LogLevel Level, string? Service, string? Release, IReadOnlyList<string?> Services, bool IsBack, string? ResolvedBy, IReadOnlyList<MinuteFacts> Minutes);

/// <param name="Count">In this minute.</param>
/// <param name="Before">By rule: events in its span before the minute (spike), in its span up to and with the minute (rate), minutes with events up to it (sustained).</param>
public sealed record MinuteFacts(DateTimeOffset At, long Count, IReadOnlyDictionary<int, WindowFacts> Before);

/// <param name="Sum">Events in the window.</param>
/// <param name="Active">Minutes with events in it.</param>
/// <param name="Oldest">The first of them; null when there is none.</param>
public sealed record WindowFacts(long Sum, long Active, DateTimeOffset? Oldest);

/// <summary>A rule applies.</summary>
/// <param name="Reason">In words, with the numbers.</param>
public sealed record Alert(AlertRule Rule, ErrorFacts Error, string Reason);

/// <summary>Which rules apply to an error. Pure: cooldowns and mutes are the caller's.</summary>
public static class DecideAlerts
{
    /// <returns>All that apply, the weightiest first.</returns>
    public static IReadOnlyList<Alert> Run(ErrorFacts error, IEnumerable<AlertRule> rules) =>
        [.. from rule in rules.Where(r => r.Kind != RuleKind.Storm && error.Services.Any(s => r.IsFor(s, error.Level)))
            let reason = Reason(rule, error)
            where reason is not null
            orderby RuleKind.Weight(rule.Kind), rule.RuleId
            select new Alert(rule, error, reason)];

    static string? Reason(AlertRule rule, ErrorFacts error) => rule.Kind switch
    {
        RuleKind.New => error.IsNew ? "It was never seen before." : null,
        RuleKind.Critical => error.Level == LogLevel.Critical ? "An event says that it is critical." : null,
        RuleKind.Regression => error.IsBack ? $"It is back after it was resolved by {error.ResolvedBy}." : null,
        RuleKind.Spike => error.Minutes.Select(m => Spike(rule, m)).FirstOrDefault(r => r is not null),
        RuleKind.Sustained => error.Minutes.Select(m => Sustained(rule, m)).FirstOrDefault(r => r is not null),
        RuleKind.Rate => error.Minutes.Select(m => Rate(rule, m)).FirstOrDefault(r => r is not null),
        _ => null,
    };

    static string? Spike(AlertRule rule, MinuteFacts minute)
    {
        var mean = minute.Before[rule.RuleId].Sum / rule.Span.TotalMinutes;
        if (minute.Count <= rule.Threshold || minute.Count <= rule.Factor * mean) return null;
        return string.Create(CultureInfo.InvariantCulture, $"{minute.Count} in the minute of {minute.At:yyyy-MM-dd HH:mm} UTC, after {mean:0.##} a minute in the {Words(rule.Span)} before.");
    }

    // From the first minute of the window to this one lies the threshold, and hardly a minute in between was quiet.
    static string? Sustained(AlertRule rule, MinuteFacts minute)
    {
        var window = minute.Before[rule.RuleId];
        if (window.Oldest is not { } oldest || minute.At - oldest < Window(rule) || window.Active < rule.Threshold) return null;
        return string.Create(CultureInfo.InvariantCulture, $"It has lasted for more than {rule.Threshold} minutes, since {oldest:yyyy-MM-dd HH:mm} UTC.");
    }

    static string? Rate(AlertRule rule, MinuteFacts minute)
    {
        var sum = minute.Before[rule.RuleId].Sum;
        return sum < rule.Threshold ? null : string.Create(CultureInfo.InvariantCulture, $"{sum} within {Words(rule.Span)}; the rule {rule.Name} allows less than {rule.Threshold}.");
    }

    /// <summary>How far before a minute the rule looks.</summary>
    public static TimeSpan Window(AlertRule rule) => rule.Kind switch
    {
        RuleKind.Sustained => TimeSpan.FromMinutes(rule.Threshold + 1), // minutes are counted whole: one more, so that the duration is real
        RuleKind.Rate => rule.Span - TimeSpan.FromMinutes(1),
        _ => rule.Span,
    };

    static string Words(TimeSpan span) => span.TotalMinutes < 120 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} minutes") : string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0.#} hours");
}
