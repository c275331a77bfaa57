using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Engine.Hosting.Telemetry;

/// <summary>
/// Writes what a collection found as one page in the Prometheus text format 0.0.4. Instruments of one name and type from
/// several meters are one family, told apart by <c>otel_scope_name</c>; any other clash leaves the later one out (in the
/// order of meter and instrument names, so that a restart does not change which).
/// </summary>
[ExportModes(ExportModes.Pull)]
sealed class PrometheusExporter(int maxPageBytes) : BaseExporter<Metric>, IPullMetricExporter
{
    /// <summary>Set by the reader: collects from all instruments and calls <see cref="Export"/>. Takes a limit in milliseconds.</summary>
    public Func<int, bool>? Collect { get; set; }

    public Utf8Page Page { get; } = new(maxPageBytes);

    /// <summary>What the last page does not show, and why; one sentence each.</summary>
    public List<string> LeftOut { get; } = [];

    public override ExportResult Export(in Batch<Metric> batch)
    {
        LeftOut.Clear();
        var families = new List<PrometheusFamily>();
        foreach (var metric in batch)
        {
            if (PrometheusFamily.Of(metric) is { } family) families.Add(family);
            else LeaveOut(metric, "the text format has no exponential histograms");
        }

        var taken = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var sameName in families
            .OrderBy(family => family.Metric.MeterName, StringComparer.Ordinal)
            .ThenBy(family => family.Metric.Name, StringComparer.Ordinal)
            .GroupBy(family => family.Name, StringComparer.Ordinal))
        {
            var shown = Together(sameName);
            if (shown[0].TakenNames().FirstOrDefault(taken.ContainsKey) is { } clash)
            {
                foreach (var family in shown) LeaveOut(family.Metric, $"{clash} belongs to {taken[clash]}");
                continue;
            }
            foreach (var name in shown[0].TakenNames()) taken.Add(name, shown[0].Metric.Name);
            Write(shown);
        }
        return ExportResult.Success;
    }

    /// <summary>The first, and those of the same type from other meters.</summary>
    List<PrometheusFamily> Together(IEnumerable<PrometheusFamily> sameName)
    {
        var shown = new List<PrometheusFamily>();
        foreach (var family in sameName)
        {
            if (shown.Count > 0 && family.Kind != shown[0].Kind)
                LeaveOut(family.Metric, $"{family.Name} is a {shown[0].Kind} of {shown[0].Metric.MeterName}");
            else if (shown.Any(other => other.Metric.MeterName == family.Metric.MeterName))
                LeaveOut(family.Metric, $"{family.Name} is also the name of {shown[^1].Metric.Name}");
            else
                shown.Add(family);
        }
        return shown;
    }

    void Write(List<PrometheusFamily> families)
    {
        var before = Page.Length;
        families[0].WriteHead(Page);
        foreach (var family in families) family.WritePoints(Page, withScope: families.Count > 1);
        if (!Page.IsFull) return;
        Page.CutTo(before);
        foreach (var family in families) LeaveOut(family.Metric, $"the page would exceed {maxPageBytes:N0} bytes");
    }

    void LeaveOut(Metric metric, string reason) => LeftOut.Add($"{metric.Name} of {metric.MeterName} is not shown: {reason}");
}
