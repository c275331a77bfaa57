using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;

namespace Engine.Tests.Logs;

/// <summary>OTLP/HTTP from the real exporter and as the specification writes it: stored before it is answered, and counted once.</summary>
public sealed class OtlpApiTests(CrawlingEngine engine) : IClassFixture<CrawlingEngine>
{
    const string Json = """
        {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"by-json"}},{"key":"service.version","value":{"stringValue":"2.0"}}]},
        "scopeLogs":[{"scope":{"name":"shop.Cart"},"logRecords":[
        {"timeUnixNano":"NOW","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"cart 17 is lost"}},
        {"timeUnixNano":"NOW","severityNumber":9,"severityText":"INFO","body":{"stringValue":"fine"}}]}]}]}
        """;

    static string Request(string service = "by-json") => Json.Replace("NOW", $"{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}000000", StringComparison.Ordinal).Replace("by-json", service, StringComparison.Ordinal);

    [Fact]
    public async Task What_the_exporter_of_OpenTelemetry_sends_is_counted_with_its_service_release_and_trace()
    {
        var token = await engine.Server.TokenAsync("sender");
        using (var factory = LoggerFactory.Create(logging => logging.AddOpenTelemetry(o => o
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("exported", serviceVersion: "1.4"))
            .AddOtlpExporter(e => (e.Endpoint, e.Protocol, e.Headers, e.ExportProcessorType) = (new Uri(engine.Server.Url, "/v1/logs"), OtlpExportProtocol.HttpProtobuf, $"Authorization=Bearer {token}", ExportProcessorType.Simple)))))
        {
            var log = factory.CreateLogger("shop.Orders");
            for (var i = 0; i < 3; i++) log.LogError(Thrown(), "order {Number} was lost", i);
            log.LogInformation("fine");
        }

        var error = await engine.ErrorAsync("exported", e => e.GetProperty("count").GetInt32() == 3, "three errors");

        Assert.Equal("System.InvalidOperationException", error.GetProperty("type").GetString());
        Assert.Equal("1.4", error.GetProperty("releases")[0].GetString());
    }

    [Fact]
    public async Task A_request_that_comes_again_is_acknowledged_and_not_counted()
    {
        var request = Request("twice");

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PostAsync(Encoding.UTF8.GetBytes(request), "application/json")));

        var later = await PostAsync(Encoding.UTF8.GetBytes(request), "application/json"); // when nothing else is to be stored

        Assert.All(answers.Append(later), a => Assert.Equal((HttpStatusCode.OK, "{}"), (a.Status, a.Body)));
        Assert.Equal(1, (await engine.ErrorAsync("twice", _ => true, "the error")).GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Packed_bodies_are_unpacked_and_wrong_ones_refused_in_their_encoding()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync(Encoding.UTF8.GetBytes(Request("packed")));

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(packed.ToArray(), "application/json", "gzip")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync([1, 2, 3], "application/json", "gzip")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PostAsync([1, 2, 3], "text/plain")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PostAsync([1, 2, 3], "application/json", "br")).Status);
        var malformed = await PostAsync(Encoding.UTF8.GetBytes("""{"resourceLogs":[{"""), "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, malformed.Status);
        Assert.StartsWith("Byte ", JsonElement.Parse(malformed.Body).GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync([0x0a, 0xff, 0xff], "application/x-protobuf")).Status);
    }

    [Fact]
    public async Task A_sender_may_send_and_nothing_else()
    {
        using var sender = engine.Server.Client(await engine.Server.TokenAsync("sender"));
        using var reader = engine.Server.Client(await engine.Server.TokenAsync("reader"));

        Assert.Equal(HttpStatusCode.Forbidden, (await sender.GetAsync("/api/logs/errors")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await sender.GetAsync("/api/tasks")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/v1/logs", new StringContent(Request(), Encoding.UTF8, "application/json"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await engine.Server.Anonymous.PostAsync("/v1/logs", new StringContent(Request(), Encoding.UTF8, "application/json"))).StatusCode);
    }

    async Task<(HttpStatusCode Status, string Body)> PostAsync(byte[] body, string type, string? packing = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        if (packing is not null) content.Headers.ContentEncoding.Add(packing);
        using var response = await engine.Admin.PostAsync("/v1/logs", content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("no stock");
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }
}
