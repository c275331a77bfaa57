using Crawlers.Logs.Events;

namespace Crawlers.Logs.Alerts;

/// <summary>When an error is told of. Kinds: see <see cref="RuleKind"/>.</summary>
/// <param name="Threshold">What the kind counts.</param>
/// <param name="Span">Over how long it counts.</param>
/// <param name="Factor">Of a spike: how many times its baseline.</param>
/// <param name="Cooldown">For so long it is silent about an error that it has told of.</param>
/// <param name="Priority">Of the task.</param>
/// <param name="Service">Only errors that come from this service, all of whose events count, from wherever they come; null: of all.</param>
/// <param name="Level">Only errors of at least this level; null: of all.</param>
public sealed record AlertRule(int RuleId, string Name, string Kind, int Threshold, TimeSpan Span, double Factor, TimeSpan Cooldown, string Priority, string? Service, LogLevel? Level)
{
    public bool IsFor(string? service, LogLevel level) => (Service is null || Service == service) && (Level is null || level >= Level);
}

public static class RuleKind
{
    /// <summary>An error was never seen before.</summary>
    public const string New = "new";

    /// <summary>More than the threshold in a minute, and more than the factor times its mean minute in the span before.</summary>
    public const string Spike = "spike";

    /// <summary>It lasts for the threshold in minutes, by the times of its events.</summary>
    public const string Sustained = "sustained";

    /// <summary>An event says that it is critical.</summary>
    public const string Critical = "critical";

    /// <summary>It was resolved and is back.</summary>
    public const string Regression = "regression";

    /// <summary>As many as the threshold within the span.</summary>
    public const string Rate = "rate";

    /// <summary>As many new errors as the threshold within the span, of one service or release: one finding for all of them.</summary>
    public const string Storm = "storm";

    public static IReadOnlyList<string> All { get; } = [New, Spike, Sustained, Critical, Regression, Rate, Storm];

    /// <returns>Of those that apply to an error, the one with the least is told.</returns>
    public static int Weight(string kind) => kind switch { Critical => 0, Regression => 1, New => 2, Spike => 3, Sustained => 4, _ => 5 };
}
