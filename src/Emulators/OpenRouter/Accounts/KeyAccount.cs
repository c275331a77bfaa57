using System.Collections.Concurrent;
using Emulators.OpenRouter.Billing;

namespace Emulators.OpenRouter.Accounts;

/// <summary>A key and what was spent with it.</summary>
sealed class KeyAccount(EmulatedKey key)
{
    readonly ConcurrentDictionary<DateOnly, ExactSum> spent = new(), byok = new(); // USD

    /// <summary>It can be changed; what was spent stays.</summary>
    public EmulatedKey Key { get; set; } = key;

    /// <param name="upstreamUsd">What the provider took on the customer's own key; 0 without BYOK.</param>
    public void Add(decimal spentUsd, decimal upstreamUsd, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        spent.GetOrAdd(today, _ => new ExactSum()).Add(spentUsd);
        if (upstreamUsd != 0) byok.GetOrAdd(today, _ => new ExactSum()).Add(upstreamUsd);
    }

    /// <param name="window">daily, weekly (from Monday), monthly, or null for ever; days are UTC's.</param>
    public decimal UsedUsd(string? window, DateTimeOffset now, bool isByok = false)
    {
        var since = Since(window, DateOnly.FromDateTime(now.UtcDateTime));
        return (isByok ? byok : spent).Where(d => d.Key >= since).Sum(d => d.Value.Value);
    }

    /// <returns>Null without a limit.</returns>
    public decimal? LeftUsd(DateTimeOffset now) => Key.LimitUsd is { } limitUsd ? limitUsd - UsedUsd(Key.LimitReset, now) : null;

    static DateOnly Since(string? window, DateOnly today) => window switch
    {
        "daily" => today,
        "weekly" => today.AddDays(-(((int)today.DayOfWeek + 6) % 7)),
        "monthly" => new DateOnly(today.Year, today.Month, 1),
        _ => DateOnly.MinValue,
    };
}
