using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Engine.Hosting.Telemetry;

/// <summary>One metric under its name in Prometheus, and how its points are written.</summary>
sealed record PrometheusFamily(Metric Metric, string Name, PrometheusKind Kind)
{
    /// <summary>Null for what the text format cannot show (exponential histograms).</summary>
    public static PrometheusFamily? Of(Metric metric)
    {
        PrometheusKind? kind = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => PrometheusKind.Counter,
            MetricType.LongGauge or MetricType.DoubleGauge => PrometheusKind.Gauge,
            MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => PrometheusKind.Gauge,
            MetricType.Histogram => PrometheusKind.Histogram,
            _ => null,
        };
        return kind is { } known ? new PrometheusFamily(metric, PrometheusName.Of(metric.Name, metric.Unit, known), known) : null;
    }

    /// <summary>Every name that the samples of the family use or that belongs to its type.</summary>
    public IEnumerable<string> TakenNames() =>
        Kind == PrometheusKind.Histogram ? [Name, Name + "_bucket", Name + "_sum", Name + "_count"] : [Name];

    public void WriteHead(Utf8Page page)
    {
        var help = string.IsNullOrWhiteSpace(Metric.Description) ? $"{Metric.Name} of {Metric.MeterName}." : Metric.Description;
        page.Append("# HELP "u8).Append(Name).Append(" "u8);
        page.Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).ReplaceLineEndings("\\n"));
        page.Append("\n# TYPE "u8).Append(Name);
        page.Append(Kind switch
        {
            PrometheusKind.Counter => " counter\n"u8,
            PrometheusKind.Gauge => " gauge\n"u8,
            _ => " histogram\n"u8,
        });
    }

    /// <param name="withScope">Adds the meter's name as a label, because another meter has an instrument of this name.</param>
    public void WritePoints(Utf8Page page, bool withScope)
    {
        foreach (ref readonly var point in Metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags, withScope);
            if (Kind == PrometheusKind.Histogram) WriteHistogram(page, labels, point);
            else WriteValue(Sample(page, "", labels), point);
            if (page.IsFull) return;
        }
    }

    void WriteHistogram(Utf8Page page, List<(string Name, string Value)> labels, in MetricPoint point)
    {
        var seen = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            seen += bucket.BucketCount;
            Sample(page, "_bucket", labels, bucket.ExplicitBound).Append(seen).Append("\n"u8);
        }
        Sample(page, "_sum", labels).Append(point.GetHistogramSum()).Append("\n"u8);
        Sample(page, "_count", labels).Append(point.GetHistogramCount()).Append("\n"u8);
    }

    void WriteValue(Utf8Page page, in MetricPoint point) => _ = (Metric.MetricType switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => page.Append(point.GetSumLong()),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => page.Append(point.GetSumDouble()),
        MetricType.LongGauge => page.Append(point.GetGaugeLastValueLong()),
        _ => page.Append(point.GetGaugeLastValueDouble()),
    }).Append("\n"u8);

    /// <summary>Writes a sample up to the blank before its value.</summary>
    Utf8Page Sample(Utf8Page page, string suffix, List<(string Name, string Value)> labels, double? upTo = null)
    {
        page.Append(Name).Append(suffix);
        var opening = "{"u8;
        foreach (var (name, value) in labels)
        {
            page.Append(opening).Append(name).Append("=\""u8).AppendEscaped(value).Append("\""u8);
            opening = ","u8;
        }
        if (upTo is { } bound)
        {
            page.Append(opening).Append("le=\""u8).Append(bound).Append("\""u8);
            opening = ","u8;
        }
        return page.Append(opening[0] == (byte)',' ? "} "u8 : " "u8);
    }

    /// <summary>Tags whose names become the same are one label with all their values.</summary>
    List<(string Name, string Value)> Labels(ReadOnlyTagCollection tags, bool withScope)
    {
        var labels = new List<(string Name, string Value)>(tags.Count + 1);
        if (withScope) labels.Add(("otel_scope_name", Metric.MeterName));
        foreach (var (tag, value) in tags)
        {
            var label = (Name: PrometheusName.OfLabel(tag), Value: Text(value));
            var same = labels.FindIndex(other => other.Name == label.Name);
            if (same < 0) labels.Add(label);
            else labels[same] = (label.Name, $"{labels[same].Value};{label.Value}");
        }
        return labels;
    }

    static string Text(object? value) => value switch
    {
        string text => text,
        bool truth => truth ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
