using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Engine.Hosting.Telemetry;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Support;

namespace Engine.Tests.Hosting.Telemetry;

[Collection(nameof(EngineMeters))]
public class OtlpExportTests
{
    [Theory]
    [InlineData(OtlpProtocol.HttpProtobuf, HttpProtocols.Http1, "/v1/traces", "/v1/metrics")]
    [InlineData(OtlpProtocol.Grpc, HttpProtocols.Http2,
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")]
    public async Task What_was_measured_and_traced_reaches_the_collector_before_the_end(
        OtlpProtocol protocol, HttpProtocols wire, string tracePath, string metricPath)
    {
        await using var collector = await Collector.StartAsync(wire);
        await using var host = await TelemetryHost.StartAsync(new TelemetrySettings { OtlpEndpoint = collector.Address, OtlpProtocol = protocol, ServiceName = "engine-under-test" });
        using var source = new ActivitySource("Engine.Tests.Otlp");
        using var meter = new Meter("Engine.Tests.Otlp");
        meter.CreateCounter<long>("otlp.test.count").Add(1);

        await host.Http.GetStringAsync("/hello/one");
        await host.Http.GetAsync("/fault");
        source.StartActivity("own work")!.Dispose();
        await host.StopAsync();

        foreach (var text in new[] { "GET /hello/{name}", "/hello/one", "http.response.status_code", "GET /fault", "System.NotSupportedException", "own work", "engine-under-test" })
            Assert.Contains(text, collector.Received(tracePath));
        Assert.Contains("http.server.request.duration", collector.Received(metricPath));
        Assert.Contains("otlp.test.count", collector.Received(metricPath));
    }

    [Theory]
    [InlineData(true, OtlpProtocol.HttpProtobuf)]
    [InlineData(false, OtlpProtocol.HttpProtobuf)]
    [InlineData(true, OtlpProtocol.Grpc)]
    [InlineData(false, OtlpProtocol.Grpc)]
    public async Task A_dead_collector_costs_five_seconds_at_most_and_one_warning(bool takesConnections, OtlpProtocol protocol)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0); // bound and listening: connects, never answers
        silent.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        if (!takesConnections) silent.Stop();
        using var logs = new KeptLogs();
        await using (var host = await TelemetryHost.StartAsync(new TelemetrySettings { OtlpEndpoint = address, OtlpProtocol = protocol }, logs))
        {
            for (var i = 0; i < 20; i++) await host.Http.GetStringAsync("/hello/one");
            var clock = Stopwatch.StartNew();

            await host.StopAsync();
            await host.DisposeAsync();

            // A second more than promised, for a busy machine.
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(6), $"took {clock.Elapsed}");
        }
        // The exporter's own thread may say it a moment after the host was let go.
        await Eventually.TrueAsync(() => logs.Warnings.Length > 0, TimeSpan.FromSeconds(10), "the warning");
        Assert.Contains(address.ToString(), Assert.Single(logs.Warnings));
    }

    [Fact]
    public void Settings_say_what_is_wrong_with_them()
    {
        Assert.Empty(new TelemetrySettings().Problems());
        Assert.Empty(new TelemetrySettings { OtlpEndpoint = new Uri("https://collector.test:4318") }.Problems());
        Assert.Equal(
            [
                "OtlpEndpoint must be an address such as http://127.0.0.1:4318, is ftp://c/",
                "OtlpProtocol must be grpc or http_protobuf, is 5",
                "ServiceName must have 1 to 100 characters, is \" \"",
            ],
            new TelemetrySettings { OtlpEndpoint = new Uri("ftp://c/"), OtlpProtocol = (OtlpProtocol)5, ServiceName = " " }.Problems());
    }

    sealed class KeptLogs : ILoggerProvider, ILogger
    {
        readonly List<string> warnings = [];

        public string[] Warnings { get { lock (warnings) return [.. warnings]; } }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) lock (warnings) warnings.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
