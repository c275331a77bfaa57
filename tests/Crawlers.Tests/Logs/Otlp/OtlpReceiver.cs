using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace Crawlers.Tests.Logs.Otlp;

/// <summary>Takes on loopback what the real exporter of OpenTelemetry sends.</summary>
sealed class OtlpReceiver : IAsyncDisposable
{
    readonly WebApplication app;
    readonly ConcurrentQueue<(string Type, string Encoding, byte[] Body)> received = new();

    OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        app = builder.Build();
        app.MapPost("/v1/logs", async (HttpContext http) =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            received.Enqueue((http.Request.ContentType ?? "", http.Request.Headers.ContentEncoding.ToString(), body.ToArray()));
            return Results.Bytes([], "application/x-protobuf");
        });
    }

    /// <param name="log">Writes to the loggers; when it returns, all is sent.</param>
    public static async Task<List<(string Type, string Encoding, byte[] Body)>> ReceiveAsync(OtlpExportCompression compression, Action<ILoggerFactory> log)
    {
        await using var receiver = new OtlpReceiver();
        await receiver.app.StartAsync();
        var address = receiver.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using (var loggers = LoggerFactory.Create(logging => logging.AddOpenTelemetry(telemetry =>
        {
            telemetry.SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("shop", serviceVersion: "1.2.3", serviceInstanceId: "i-7").AddAttributes([new("host.name", "host-1")]));
            telemetry.IncludeFormattedMessage = true;
            telemetry.AddOtlpExporter(exporter =>
            {
                exporter.Endpoint = new Uri(address + "/v1/logs");
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                exporter.ExportProcessorType = ExportProcessorType.Batch;
                exporter.Compression = compression;
            });
        }))) log(loggers);
        return [.. receiver.received];
    }

    public static byte[] Unzipped(byte[] body)
    {
        using var plain = new MemoryStream();
        using (var zip = new GZipStream(new MemoryStream(body), CompressionMode.Decompress)) zip.CopyTo(plain);
        return plain.ToArray();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
