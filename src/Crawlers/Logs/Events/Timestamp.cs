namespace Crawlers.Logs.Events;

/// <summary>A time as a log line writes it: with or without year, date, fraction and zone. What is not written is 0 or null.</summary>
public readonly record struct Timestamp(int Length, int Year, int Month, int Day, int Hour, int Minute, int Second, int Ticks, int? OffsetMinutes)
{
    /// <summary>Mon d hh:mm:ss without a year: what syslog writes.</summary>
    public bool IsSyslog { get; init; }

    /// <summary>Seconds, milli-, micro- or nanoseconds since 1970 instead of a calendar date; null when it is one.</summary>
    public long? Epoch { get; init; }

    const long TicksPerDay = TimeSpan.TicksPerDay;

    /// <param name="near">What the time is about, such as the file's last write: gives the year or day that is not written.</param>
    /// <param name="zone">Holds when the line names none.</param>
    /// <returns>Null when it is no date, such as the 31st of April.</returns>
    public DateTimeOffset? ToInstant(DateTimeOffset near, TimeSpan zone)
    {
        if (Epoch is { } epoch)
            return epoch switch
            {
                < 100_000_000_000 => DateTimeOffset.FromUnixTimeSeconds(epoch).AddTicks(Ticks),
                < 100_000_000_000_000 => DateTimeOffset.FromUnixTimeMilliseconds(epoch),
                < 100_000_000_000_000_000 => DateTimeOffset.UnixEpoch.AddTicks(epoch * 10),
                _ => DateTimeOffset.UnixEpoch.AddTicks(epoch / 100),
            };
        var offset = OffsetMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : zone;
        var reference = near.ToOffset(offset);
        var (year, month, day) = (Year, Month, Day);
        if (month == 0) (year, month, day) = (reference.Year, reference.Month, reference.Day);
        else if (year == 0) year = reference.Year;
        if (month is < 1 or > 12 || year is < 2 or > 9998 || day < 1 || Hour > 23 || Minute > 59 || Second > 60) return null;
        if (Year == 0 && Month != 0) year = NearestYear(reference, month, day);
        if (day > DateTime.DaysInMonth(year, month)) return null;
        var instant = new DateTimeOffset(year, month, day, Hour, Minute, Math.Min(Second, 59), offset).AddTicks(Ticks);
        if (Month == 0 && Math.Abs((instant - reference).Ticks) > TicksPerDay / 2) instant = instant.AddDays(instant > reference ? -1 : 1);
        return instant;
    }

    // Of last year's, this year's and next year's the one that is nearest: a line of the 31st of December is read on the 1st of January.
    static int NearestYear(DateTimeOffset reference, int month, int day)
    {
        var best = reference.Year;
        var least = double.MaxValue;
        for (var year = reference.Year - 1; year <= reference.Year + 1; year++)
        {
            if (day > DateTime.DaysInMonth(year, month)) continue;
            var distance = Math.Abs((new DateTimeOffset(year, month, day, 0, 0, 0, reference.Offset) - reference).TotalDays);
            if (distance < least) (best, least) = (year, distance);
        }
        return best;
    }
}
