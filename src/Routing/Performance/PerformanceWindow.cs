namespace Routing.Performance;

/// <summary>The sizes of windows that are kept, by their names in the table.</summary>
public static class PerformanceWindow
{
    public const string FiveMinutes = "five_minutes", Hour = "hour", Day = "day";

    public static IReadOnlyList<string> Kinds { get; } = [FiveMinutes, Hour, Day];

    /// <exception cref="ArgumentException">There is no such kind.</exception>
    public static TimeSpan Length(string kind) => kind switch
    {
        FiveMinutes => TimeSpan.FromMinutes(5),
        Hour => TimeSpan.FromHours(1),
        Day => TimeSpan.FromDays(1),
        _ => throw new ArgumentException($"There are no windows of the kind \"{kind}\".", nameof(kind)),
    };

    /// <summary>How long windows of a kind are kept after they began; null: for ever.</summary>
    public static TimeSpan? Kept(string kind) => kind switch
    {
        FiveMinutes => TimeSpan.FromDays(7),
        Hour => TimeSpan.FromDays(90),
        _ => null,
    };

    /// <summary>When the window began that a time lies in; days are UTC.</summary>
    public static DateTimeOffset Start(string kind, DateTimeOffset at)
    {
        var utc = at.UtcDateTime;
        return new DateTimeOffset(utc.Ticks - utc.Ticks % Length(kind).Ticks, TimeSpan.Zero);
    }
}
