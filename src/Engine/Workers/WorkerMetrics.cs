using System.Diagnostics.Metrics;
using Engine.Tasks;

namespace Engine.Workers;

/// <summary>What workers of this process did.</summary>
public sealed class WorkerMetrics(IMeterFactory meters)
{
    public const string MeterName = "Engine.Workers";

    readonly Counters counters = new(meters.Create(MeterName));

    public void Began(ClaimedTask task, TimeProvider time) =>
        counters.ClaimLatency.Record(Math.Max(0, (time.GetUtcNow() - task.ReadyAt).TotalSeconds), new KeyValuePair<string, object?>("kind", task.Kind));

    public void Ended(ClaimedTask task, TaskResult result, TimeSpan ran)
    {
        counters.RunTime.Record(ran.TotalSeconds, new KeyValuePair<string, object?>("kind", task.Kind));
        counters.Attempts.Add(1, new("kind", task.Kind), new("outcome", Outcome(result)), new("fault", result is TaskResult.Failed failed ? EndAttempts.Name(failed.Fault) : "none"));
    }

    public void Refused(string kind) => counters.Refused.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public void TakenOver(int tasks) => counters.Takeovers.Add(tasks);

    static string Outcome(TaskResult result) => result switch
    {
        TaskResult.Succeeded => "succeeded", TaskResult.Failed or TaskResult.Refused => "failed", TaskResult.Snoozed => "snoozed",
        TaskResult.Gated => "gated", _ => "returned",
    };

    sealed class Counters(Meter meter)
    {
        public Histogram<double> ClaimLatency { get; } = meter.CreateHistogram<double>("engine.tasks.claim_latency", "s", "From ready to the start of the handler.");
        public Histogram<double> RunTime { get; } = meter.CreateHistogram<double>("engine.tasks.run_time", "s", "How long attempts ran.");
        public Counter<long> Attempts { get; } = meter.CreateCounter<long>("engine.tasks.attempts", "{attempt}", "Attempts that ended in this process.");
        public Counter<long> Refused { get; } = meter.CreateCounter<long>("engine.tasks.refused_writes", "{write}", "Ends of attempts that came too late: another owner or decision had replaced them.");
        public Counter<long> Takeovers { get; } = meter.CreateCounter<long>("engine.tasks.takeovers", "{task}", "Tasks of lost workers that this process gave to others.");
    }
}
