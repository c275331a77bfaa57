using System.Text.RegularExpressions;
using Quartz;

namespace Engine.Schedules;

/// <summary>
/// Checks cron expressions and reads the times out of them. In the hour that a zone skips in spring a daily fire comes at the
/// hour's end, in the hour that it repeats in autumn it comes once, at the first of the two.
/// </summary>
public static partial class FiringTimes
{
    const int MaxLength = 200;

    static readonly (string Name, string Any)[] Fields =
    [
        ("seconds", "*"), ("minutes", "*"), ("hours", "*"), ("day of month", "*"), ("month", "*"), ("day of week", "?"), ("year", "*"),
    ];

    /// <returns>One sentence a problem, naming the field; empty when all is well.</returns>
    public static IEnumerable<string> Problems(string cron, string timeZone, DateTimeOffset now)
    {
        var zone = Zone(timeZone);
        if (zone is null) yield return $"time_zone must be an IANA time zone that this host knows, such as Europe/Berlin, is \"{timeZone}\".";
        if (CronProblem(cron) is { } problem) yield return problem;
        else if (zone is not null && Next(cron, timeZone, now) is null) yield return $"cron names no time in the future: \"{cron}\".";
    }

    /// <param name="cron">A valid expression.</param>
    /// <param name="timeZone">A known zone.</param>
    /// <returns>The first time after <paramref name="after"/>, in UTC; null when there is none.</returns>
    public static DateTimeOffset? Next(string cron, string timeZone, DateTimeOffset after) =>
        Parse(cron, timeZone).GetNextValidTimeAfter(after)?.ToUniversalTime();

    public static CronExpression Parse(string cron, string timeZone) => new(cron, Zone(timeZone) ?? throw new TimeZoneNotFoundException(timeZone));

    static string? CronProblem(string cron)
    {
        if (cron.Length > MaxLength) return $"cron must have at most {MaxLength} characters, has {cron.Length}.";
        var fields = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length is < 6 or > 7)
            return $"cron must have 6 or 7 fields ({string.Join(", ", Fields[..6].Select(f => f.Name))}, and optionally year), has {fields.Length}: \"{cron}\".";
        for (var field = 0; field < fields.Length; field++)
            if (Reason(Alone(field, fields[field])) is { } reason)
                return $"cron has a wrong field \"{Fields[field].Name}\": \"{fields[field]}\"{reason}.";
        return Reason(cron) is { } whole ? $"cron is not understood{whole}: \"{cron}\"." : null;
    }

    /// <summary>The field in an expression whose other fields are in order, so that a complaint can only be about this one.</summary>
    static string Alone(int field, string value)
    {
        var fields = Fields.Select(f => f.Any).ToArray();
        fields[field] = value;
        // Only one of the two day fields may name days; the other one stands back with "?".
        if (field == 5 && value != "?") fields[3] = "?";
        return string.Join(' ', fields);
    }

    static string? Reason(string expression)
    {
        try
        {
            _ = CronExpression.Parse(expression);
            return null;
        }
        catch (FormatException e)
        {
            // Quartz's sentence is kept when it says what is allowed, not when it only says that something was amiss.
            return e.Message.StartsWith("Illegal cron expression format", StringComparison.Ordinal) ? "" : $" ({e.Message.TrimEnd('.')})";
        }
    }

    static TimeZoneInfo? Zone(string id) =>
        ZoneName().IsMatch(id) && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : null;

    // Zones are files on Unix: the form keeps a name from being a path to somewhere else.
    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}$", RegexOptions.CultureInvariant)]
    private static partial Regex ZoneName();
}
