using System.Diagnostics.Metrics;
using Crawlers.Logs.Counting;

namespace Engine.Logs;

/// <summary>What this process has read and told of.</summary>
public sealed class LogsMetrics
{
    public const string MeterName = "Engine.Logs";

    readonly Counter<long> lines, bytes, errors, dropped, findings;

    public LogsMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        lines = meter.CreateCounter<long>("engine.logs.lines", "{line}", "Lines read, by source.");
        bytes = meter.CreateCounter<long>("engine.logs.bytes", "By", "Bytes read, by source.");
        errors = meter.CreateCounter<long>("engine.logs.errors", "{event}", "Events that are errors, by source.");
        dropped = meter.CreateCounter<long>("engine.logs.dropped", "{event}", "Errors that were counted without being told apart, for there were too many new kinds, by source.");
        findings = meter.CreateCounter<long>("engine.logs.findings", "{finding}", "Findings written, by source.");
    }

    public void Committed(string source, CrawlCounts counts, int found)
    {
        var of = new KeyValuePair<string, object?>("source", source);
        if (counts.Lines > 0) lines.Add(counts.Lines, of);
        if (counts.Bytes > 0) bytes.Add(counts.Bytes, of);
        if (counts.Errors > 0) errors.Add(counts.Errors, of);
        if (counts.DroppedErrors > 0) dropped.Add(counts.DroppedErrors, of);
        if (found > 0) findings.Add(found, of);
    }
}
