using System.Diagnostics.Metrics;

namespace Engine.Tasks;

/// <summary>The state of the queue as of its last count; what workers do is in their own metrics.</summary>
public sealed class TaskMetrics
{
    public const string MeterName = "Engine.Tasks";

    const int MostSeries = 500;

    volatile QueueDepth? last;
    readonly Lock guard = new();
    readonly HashSet<(string Kind, short Priority)> seen = []; // what is empty now is told as zero: it must not just vanish

    public TaskMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("engine.tasks.queue_depth", () => Queues((_, d) => d.Ready, 0L), "{task}", "Tasks that could be claimed, by kind and priority.");
        meter.CreateObservableGauge("engine.tasks.oldest_age", () => Queues((at, d) => Math.Max(0, (at - d.OldestAt).TotalSeconds), 0.0), "s", "How long the oldest of them has waited.");
        meter.CreateObservableGauge("engine.tasks.live", States, "{task}", "Tasks that have not ended, by state.");
        meter.CreateObservableGauge("engine.database.oldest_snapshot", () => last is { } known ? [new Measurement<double>(known.SnapshotAge.TotalSeconds)] : Array.Empty<Measurement<double>>(),
            "s", "Age of the oldest transaction that keeps the database from clearing up; 0 when there is none.");
        meter.CreateObservableGauge("engine.tasks.breaker", Breakers, "1", "Kinds that stand still: 1, 0.5 while they are tried, 0 when they work again.");
    }

    public void Counted(QueueDepth depth) => last = depth;

    IEnumerable<Measurement<T>> Queues<T>(Func<DateTimeOffset, KindDepth, T> value, T none) where T : struct
    {
        if (last is not { } known) return [];
        var now = known.Ready.ToDictionary(d => (d.Kind, d.Priority));
        lock (guard)
        {
            if (seen.Count < MostSeries) seen.UnionWith(now.Keys);
            return [.. seen.Select(s => new Measurement<T>(now.TryGetValue(s, out var d) ? value(known.At, d) : none,
                new("kind", s.Kind), new("priority", ((TaskPriority)s.Priority).Name())))];
        }
    }

    IEnumerable<Measurement<long>> States() =>
        last is { } known ? known.States.Select(s => new Measurement<long>(s.Value, new KeyValuePair<string, object?>("state", s.Key.Name()))) : [];

    IEnumerable<Measurement<double>> Breakers() => last is { } known
        ? known.Breakers.Select(b => new Measurement<double>(b.State switch { "open" => 1, "probing" => 0.5, _ => 0 }, new KeyValuePair<string, object?>("kind", b.Kind))) : [];
}
