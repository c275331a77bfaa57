using System.IO.Compression;
using Crawlers.Logs.Otlp;
using Crawlers.Logs.Sources;
using Engine.Access;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Logs;

/// <summary>OTLP/HTTP: what exporters and collectors of OpenTelemetry send. A request is answered once it is stored, and counted once, however often it is sent.</summary>
public static class OtlpApi
{
    const int MostBytes = 20 * 1024 * 1024, MostUnpackedBytes = 32 * 1024 * 1024, MostAtOnce = 8;
    const int InvalidArgument = 3, ResourceExhausted = 8, Unavailable = 14; // google.rpc.Code
    static readonly TimeSpan StoredWithin = TimeSpan.FromSeconds(10);
    static int atOnce;

    public static void MapOtlp(this IEndpointRouteBuilder app) => app.MapPost("/v1/logs", Receive).WithTags("logs").RequireAuthorization(Roles.Sender)
        .Accepts<byte[]>("application/x-protobuf", "application/json").WithSummary("Takes an ExportLogsServiceRequest (OTLP/HTTP), as protobuf or JSON, gzip or not.");

    static async Task<FileContentHttpResult> Receive(HttpContext http, OtlpInbox inbox, TimeProvider time, CancellationToken ct)
    {
        var type = http.Request.ContentType?.Split(';')[0].Trim();
        if (type is not ("application/x-protobuf" or "application/json"))
            return Answer(http, StatusCodes.Status415UnsupportedMediaType, ExportEncoding.Json, EncodeAnswer.Refused(ExportEncoding.Json, InvalidArgument, $"Content-Type must be application/x-protobuf or application/json, is \"{type}\"."));
        var encoding = type == "application/json" ? ExportEncoding.Json : ExportEncoding.Protobuf;
        var packing = http.Request.Headers.ContentEncoding.ToString();
        if (packing is not ("" or "identity" or "gzip")) return Refuse(StatusCodes.Status415UnsupportedMediaType, InvalidArgument, $"Content-Encoding must be gzip or none, is \"{packing}\".");
        if (!inbox.IsRead) return Refuse(StatusCodes.Status503ServiceUnavailable, Unavailable, "This engine does not store logs: the source otlp is off, or Engine:Logs:Crawl is false.");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MostBytes;
        byte[]? body;
        try
        {
            if (Interlocked.Increment(ref atOnce) > MostAtOnce) return Refuse(StatusCodes.Status429TooManyRequests, ResourceExhausted, $"{MostAtOnce} requests are being read already.");
            body = await ReadAsync(http.Request.Body, packing == "gzip", ct);
        }
        catch (InvalidDataException e)
        {
            return Refuse(StatusCodes.Status400BadRequest, InvalidArgument, $"The body is no gzip: {e.Message}");
        }
        finally
        {
            Interlocked.Decrement(ref atOnce);
        }
        if (body is null) return Refuse(StatusCodes.Status413PayloadTooLarge, InvalidArgument, $"A request may have {MostUnpackedBytes} bytes unpacked.");
        var read = ReadExport.Run(body, encoding, time.GetUtcNow());
        if (read is not ExportRead.Taken taken) return Refuse(StatusCodes.Status400BadRequest, InvalidArgument, $"{read}");
        if (taken.Accepted > 0)
        {
            var export = new OtlpExport(OtlpExport.KeyOf(body), taken.Chunks);
            if (!inbox.TryAdd(export)) return Refuse(StatusCodes.Status429TooManyRequests, ResourceExhausted, $"{OtlpInbox.MostBytes} bytes wait to be stored already.");
            try
            {
                await export.Stored.Task.WaitAsync(StoredWithin, time, ct);
            }
            catch (Exception e) when (e is IOException or TimeoutException)
            {
                return Refuse(StatusCodes.Status503ServiceUnavailable, Unavailable, "It could not be stored; send it again, it is counted once.");
            }
        }
        return Answer(http, StatusCodes.Status200OK, encoding, EncodeAnswer.Taken(encoding, taken.Refused, taken.Why));

        FileContentHttpResult Refuse(int status, int code, string message)
        {
            if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable) http.Response.Headers.RetryAfter = "1";
            return Answer(http, status, encoding, EncodeAnswer.Refused(encoding, code, message));
        }
    }

    static FileContentHttpResult Answer(HttpContext http, int status, ExportEncoding encoding, byte[] body)
    {
        http.Response.StatusCode = status;
        return TypedResults.Bytes(body, encoding == ExportEncoding.Json ? "application/json" : "application/x-protobuf");
    }

    /// <returns>Null when it is too long.</returns>
    static async Task<byte[]?> ReadAsync(Stream body, bool isPacked, CancellationToken ct)
    {
        await using var unpacked = isPacked ? new GZipStream(body, CompressionMode.Decompress) : body;
        using var memory = new MemoryStream();
        var block = new byte[64 * 1024];
        for (int read; (read = await unpacked.ReadAsync(block, ct)) > 0;)
        {
            if (memory.Length + read > MostUnpackedBytes) return null;
            memory.Write(block, 0, read);
        }
        return memory.ToArray();
    }
}
