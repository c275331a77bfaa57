using System.Diagnostics.Metrics;

namespace Engine.Audit;

public sealed class AuditMetrics : IDisposable
{
    public const string MeterName = "Engine.Audit";

    readonly Meter meter;
    readonly Counter<long> chained;
    readonly Gauge<double> unchained;

    public AuditMetrics()
    {
        meter = new Meter(MeterName);
        chained = meter.CreateCounter<long>("engine.audit.chained", "{entry}", "Audit entries that this node linked into the chain");
        unchained = meter.CreateGauge<double>("engine.audit.unchained", "s", "Age of the oldest audit entry that is not in the chain yet; 0 when there is none");
    }

    public void Chained(int count) => chained.Add(count);

    public void Unchained(TimeSpan age) => unchained.Record(age.TotalSeconds);

    public void Dispose() => meter.Dispose();
}
