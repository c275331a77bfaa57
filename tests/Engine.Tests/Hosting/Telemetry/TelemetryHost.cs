using System.Net;
using Engine.Hosting.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Engine.Tests.Hosting.Telemetry;

/// <summary>A small server with telemetry; the routes <c>/hello/{name}</c>, <c>/fault</c> and <c>/metrics</c>.</summary>
sealed class TelemetryHost : IAsyncDisposable
{
    readonly WebApplication app;

    TelemetryHost(WebApplication app) => this.app = app;

    public HttpClient Http { get; } = new();

    public static async Task<TelemetryHost> StartAsync(TelemetrySettings? settings = null, ILoggerProvider? logs = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (logs is not null) builder.Logging.AddProvider(logs);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddEngineTelemetry(settings ?? new TelemetrySettings());
        var app = builder.Build();
        app.MapGet("/hello/{name}", (string name) => $"Hello {name}");
        app.MapGet("/fault", string () => throw new NotSupportedException());
        app.MapMetrics();
        await app.StartAsync();
        var host = new TelemetryHost(app);
        host.Http.BaseAddress = new Uri(app.Urls.Single());
        return host;
    }

    public async Task<string[]> MetricsAsync() => (await Http.GetStringAsync("/metrics")).Split('\n');

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}

/// <summary>A collector that speaks OTLP over HTTP or gRPC and keeps what it was sent, as Latin-1 text.</summary>
sealed class Collector : IAsyncDisposable
{
    readonly WebApplication app;
    readonly List<(string Path, string Body)> posts = [];

    Collector(HttpProtocols protocol)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocol));
        app = builder.Build();
        app.MapPost("/{**path}", async context =>
        {
            using var body = new StreamReader(context.Request.Body, System.Text.Encoding.Latin1);
            var text = await body.ReadToEndAsync();
            lock (posts) posts.Add((context.Request.Path, text));
            if (protocol != HttpProtocols.Http2) return;
            context.Response.ContentType = "application/grpc";
            context.Response.AppendTrailer("grpc-status", "0");
            await context.Response.Body.WriteAsync(new byte[5]); // an empty message: not compressed, length 0
        });
    }

    public Uri Address => new(app.Urls.Single());

    public static async Task<Collector> StartAsync(HttpProtocols protocol = HttpProtocols.Http1)
    {
        var collector = new Collector(protocol);
        await collector.app.StartAsync();
        return collector;
    }

    public string Received(string path)
    {
        lock (posts) return string.Concat(posts.Where(post => post.Path == path).Select(post => post.Body));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
