using System.Globalization;

namespace Engine.Hosting.CommandLine;

/// <summary>Reads when something ends or began: a span from now (<c>45m</c>, <c>12h</c>, <c>30d</c>, <c>4w</c>) or a day or time in UTC.</summary>
public static class Expiry
{
    public const string Form = "30d, 12h, 45m, 4w, 2027-01-01 or 2027-01-01T12:00:00Z";

    /// <returns>Null when the text is none of these, or not in the future.</returns>
    public static DateTimeOffset? Read(string text, DateTimeOffset now)
    {
        var at = Span(text) is { } span ? Later(now, span) : Moment(text);
        return at > now ? at : null;
    }

    /// <returns>The moment, a span counted back from now; null when the text is neither.</returns>
    public static DateTimeOffset? ReadPast(string text, DateTimeOffset now) => Span(text) is { } span ? (span < now - DateTimeOffset.UnixEpoch ? now - span : null) : Moment(text);

    /// <summary>As the API reads it.</summary>
    public static string Text(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    static DateTimeOffset? Later(DateTimeOffset now, TimeSpan span) => span < DateTimeOffset.MaxValue - now ? now + span : null;

    static TimeSpan? Span(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > 100_000) return null;
        return text[^1] switch
        {
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            'w' => TimeSpan.FromDays(7 * count),
            _ => null,
        };
    }

    static DateTimeOffset? Moment(string text) => DateTimeOffset.TryParseExact(
        text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
}
