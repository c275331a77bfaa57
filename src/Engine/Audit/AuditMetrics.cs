using System.Diagnostics.Metrics;

namespace Engine.Audit;

public sealed class AuditMetrics : IDisposable
{
    readonly Counter<long> chained;
    readonly Gauge<double> unchained;

    public AuditMetrics()
    {
        chained = Meter.CreateCounter<long>("engine.audit.chained", "{entry}", "Audit entries that this node linked into the chain");
        unchained = Meter.CreateGauge<double>("engine.audit.unchained", "s", "Age of the oldest audit entry that is not in the chain yet; 0 when there is none");
    }

    public Meter Meter { get; } = new("Engine.Audit");

    public void Chained(int count) => chained.Add(count);

    public void Unchained(TimeSpan age) => unchained.Record(age.TotalSeconds);

    public void Dispose() => Meter.Dispose();
}
