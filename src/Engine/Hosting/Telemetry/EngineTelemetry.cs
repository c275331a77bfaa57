using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Engine.Hosting.Telemetry;

/// <summary>
/// Listens to the meters and, when a collector is set, to the sources of traces from before the server starts until
/// everything has stopped. Without a collector it has no thread, no timer and no trace.
/// </summary>
sealed class EngineTelemetry : IHostedLifecycleService, IDisposable
{
    /// <summary>What the last export at the stop may take; then it is broken off, which takes less than the rest of the limit.</summary>
    static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(4);
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    static readonly string[] Meters =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql", "System.Runtime", "Engine.*"];

    static readonly string[] Sources = ["Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "Engine.*"];

    readonly CancellationTokenSource giveUp;
    readonly MeterProvider meters;
    readonly TracerProvider? traces;

    public EngineTelemetry(TelemetrySettings settings, MetricsPage page, TimeProvider time, ILogger<EngineTelemetry> log)
    {
        giveUp = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var resource = ResourceBuilder.CreateDefault().AddService(
            settings.ServiceName,
            serviceVersion: EngineVersion.Text,
            serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}");

        var metering = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(Meters)
            .AddView(Bounded)
            .AddReader(page.Reader);
        if (settings.OtlpEndpoint is { } endpoint)
        {
            var transport = new OtlpTransport(endpoint, time, log, giveUp.Token);
            metering.AddReader(new PeriodicExportingMetricReader(new OtlpMetricExporter(Options(settings, endpoint, "v1/metrics", transport))));
            traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(Sources)
                .AddProcessor(new BatchActivityExportProcessor(new OtlpTraceExporter(Options(settings, endpoint, "v1/traces", transport))))
                .Build();
            log.Exporting(endpoint, settings.OtlpProtocol, settings.ServiceName);
        }
        meters = metering.Build();
    }

    public Task StartingAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StartAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken ct) => Task.CompletedTask;

    public Task StopAsync(CancellationToken ct) => Task.CompletedTask;

    /// <summary>Sends what is left, after the server has stopped, so that the last requests are in it.</summary>
    public async Task StoppedAsync(CancellationToken ct)
    {
        if (traces is null) return;
        giveUp.CancelAfter(FlushLimit);
        var limit = (int)StopLimit.TotalMilliseconds;
        // Not cut short by the host's own limit: this one is shorter.
        await Task.WhenAll(OnThreadOfItsOwn(() => _ = traces.Shutdown(limit)), OnThreadOfItsOwn(() => _ = meters.Shutdown(limit)));
    }

    /// <summary>A shutdown blocks while it sends: two pool threads held so are all there are on two cores, and what they wait for needs one.</summary>
    static Task OnThreadOfItsOwn(Action block) =>
        Task.Factory.StartNew(block, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose()
    {
        giveUp.Cancel();
        traces?.Dispose();
        meters.Dispose();
        giveUp.Dispose();
    }

    /// <summary>
    /// Room for the label sets of one instrument is set aside when it appears; further ones are added up in one series with
    /// the label <c>otel_metric_overflow</c>.
    /// </summary>
    static MetricStreamConfiguration Bounded(Instrument instrument) => new()
    {
        CardinalityLimit = instrument.Meter.Name.StartsWith("Engine.", StringComparison.Ordinal)
            || instrument.Name == "http.server.request.duration" ? 1000 : 100,
    };

    static OtlpExporterOptions Options(TelemetrySettings settings, Uri endpoint, string path, OtlpTransport transport)
    {
        var options = new OtlpExporterOptions
        {
            Protocol = settings.OtlpProtocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            Endpoint = settings.OtlpProtocol == OtlpProtocol.Grpc ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}"),
        };
        options.HttpClientFactory = () => new HttpClient(transport, disposeHandler: false)
        {
            Timeout = TimeSpan.FromMilliseconds(options.TimeoutMilliseconds),
        };
        return options;
    }
}
