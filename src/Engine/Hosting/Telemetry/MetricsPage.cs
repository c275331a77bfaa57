using OpenTelemetry.Metrics;

namespace Engine.Hosting.Telemetry;

/// <summary>
/// The page at <c>/metrics</c>: collected when somebody asks and never by itself. Whoever asks while a collection runs shares
/// its result, so that many scrapers cost no more than one.
/// </summary>
public sealed class MetricsPage : IDisposable
{
    /// <summary>Above what all bounded instruments together come to; below what would hurt a small host.</summary>
    const int MaxPageBytes = 16 * 1024 * 1024;

    readonly Lock turn = new();
    readonly HashSet<string> reported = new(StringComparer.Ordinal);
    readonly PrometheusExporter exporter = new(MaxPageBytes);
    readonly ILogger<MetricsPage> log;
    Task<byte[]>? running;

    public MetricsPage(ILogger<MetricsPage> log)
    {
        this.log = log;
        Reader = new BaseExportingMetricReader(exporter);
    }

    /// <summary>For the one meter provider.</summary>
    internal MetricReader Reader { get; }

    /// <summary>The page in UTF-8; not to be written to, others hold it too.</summary>
    public Task<byte[]> CollectAsync()
    {
        lock (turn) return running ??= Task.Run(CollectOnce);
    }

    public void Dispose() => Reader.Dispose();

    byte[] CollectOnce()
    {
        try
        {
            exporter.Page.Clear();
            exporter.LeftOut.Clear();
            if (exporter.Collect?.Invoke(Timeout.Infinite) != true)
                throw new InvalidOperationException("The metrics could not be collected; the engine is stopping.");
            foreach (var remark in exporter.LeftOut)
            {
                exporter.Page.Append("# "u8).Append(remark.ReplaceLineEndings(" ")).Append("\n"u8);
                if (reported.Add(remark)) log.LeftOut(remark);
            }
            return exporter.Page.ToArray();
        }
        finally
        {
            lock (turn) running = null;
        }
    }
}
