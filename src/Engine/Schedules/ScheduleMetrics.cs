using System.Diagnostics.Metrics;

namespace Engine.Schedules;

public sealed class ScheduleMetrics(IMeterFactory meters)
{
    public const string MeterName = "Engine.Schedules";

    readonly Counter<long> fires = Of(meters).CreateCounter<long>("engine.schedule.fires", "{fire}", "Fires that ended, by schedule and outcome.");
    readonly Histogram<double> lateness = Of(meters).CreateHistogram<double>("engine.schedule.lateness", "s", "From the time that was due to the start.",
        advice: new() { HistogramBucketBoundaries = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 3600] });

    public void Started(ScheduledFire fire) =>
        lateness.Record(Math.Max(0, (fire.StartedAt - fire.FireTime).TotalSeconds), new KeyValuePair<string, object?>("schedule", fire.Name));

    public void Finished(ScheduledFire fire, string outcome) =>
        fires.Add(1, new KeyValuePair<string, object?>("schedule", fire.Name), new KeyValuePair<string, object?>("outcome", outcome));

    static Meter Of(IMeterFactory meters) => meters.Create(MeterName);
}
