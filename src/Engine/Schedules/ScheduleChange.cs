using System.Text.Json.Nodes;

namespace Engine.Schedules;

/// <summary>What is to become different; null leaves a value as it is.</summary>
public sealed record ScheduleChange(string? Cron = null, string? TimeZone = null, string? MisfirePolicy = null, bool? Enabled = null)
{
    public Schedule ApplyTo(Schedule old) => old with
    {
        Cron = Cron?.Trim() ?? old.Cron,
        TimeZone = TimeZone ?? old.TimeZone,
        MisfirePolicy = MisfirePolicy ?? old.MisfirePolicy,
        Enabled = Enabled ?? old.Enabled,
    };

    /// <returns>One sentence a problem with the schedule as it would become.</returns>
    public static IEnumerable<string> Problems(Schedule changed, DateTimeOffset now)
    {
        foreach (var problem in FiringTimes.Problems(changed.Cron, changed.TimeZone, now)) yield return problem;
        if (!MisfirePolicies.All.Contains(changed.MisfirePolicy))
            yield return $"misfire_policy must be one of {string.Join(", ", MisfirePolicies.All)}, is \"{changed.MisfirePolicy}\".";
    }

    /// <summary>The changed values alone, before and after, for the audit log.</summary>
    public static JsonObject Details(Schedule old, Schedule changed)
    {
        JsonObject before = [], after = [];
        Compare("cron", old.Cron, changed.Cron);
        Compare("time_zone", old.TimeZone, changed.TimeZone);
        Compare("misfire_policy", old.MisfirePolicy, changed.MisfirePolicy);
        Compare("enabled", old.Enabled, changed.Enabled);
        Compare("version", old.Version, changed.Version);
        return new JsonObject { ["old"] = before, ["new"] = after };

        void Compare<T>(string name, T was, T becomes)
        {
            if (EqualityComparer<T>.Default.Equals(was, becomes)) return;
            before[name] = JsonValue.Create(was);
            after[name] = JsonValue.Create(becomes);
        }
    }
}
