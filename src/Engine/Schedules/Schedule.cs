namespace Engine.Schedules;

/// <summary>A duty and when it is due.</summary>
/// <param name="Cron">As Quartz reads it: seconds, minutes, hours, day of month, month, day of week, and optionally the year.</param>
/// <param name="TimeZone">IANA name of the zone that the cron expression is read in.</param>
/// <param name="MisfirePolicy">What becomes of fires that nobody could start in time: see <see cref="MisfirePolicies"/>.</param>
/// <param name="Version">Raised by every change.</param>
public sealed record Schedule(
    string Name, string Duty, string Cron, string TimeZone, string MisfirePolicy, bool Enabled, long Version, DateTimeOffset UpdatedAt)
{
    public const string Columns = "name, duty, cron, time_zone, misfire_policy, enabled, version, updated_at";

    /// <returns>When it fires next after <paramref name="now"/>; null when it is disabled, broken or never due again.</returns>
    public DateTimeOffset? NextFireAfter(DateTimeOffset now) =>
        Enabled && !FiringTimes.Problems(Cron, TimeZone, now).Any() ? FiringTimes.Next(Cron, TimeZone, now) : null;
}

/// <summary>A fire counts as missed when it is a minute late: no node ran, or the run before it took too long.</summary>
public static class MisfirePolicies
{
    public static readonly TimeSpan After = TimeSpan.FromMinutes(1);

    /// <summary>Once, as soon as it can, however many fires were missed.</summary>
    public const string FireOnce = "fire_once";

    /// <summary>Not at all: the next fire is the next time that the cron expression names.</summary>
    public const string Skip = "skip";

    public static IReadOnlyList<string> All { get; } = [FireOnce, Skip];
}
