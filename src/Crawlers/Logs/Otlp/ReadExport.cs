using System.Text.Json;

namespace Crawlers.Logs.Otlp;

/// <summary>
/// Reads what an exporter of OpenTelemetry sends to /v1/logs, and what the collector writes into files (opentelemetry-proto 1.x). Memory and
/// time grow with the body and no faster; the caller bounds the body.
/// </summary>
public static class ReadExport
{
    /// <summary>Of one request; collectors send 8,192 at most unless told otherwise.</summary>
    public const int MaxRecords = 100_000;

    /// <param name="body">Without its compression.</param>
    /// <param name="near">When it came.</param>
    public static ExportRead Run(ReadOnlyMemory<byte> body, ExportEncoding encoding, DateTimeOffset near)
    {
        var taken = new TakenRecords();
        try
        {
            if (encoding == ExportEncoding.Protobuf) ReadProtobuf.Run(body.Span, taken);
            else ReadJson.Run(body, taken);
        }
        catch (MalformedExport e)
        {
            return new ExportRead.Malformed(e.Message, e.Offset);
        }
        catch (JsonException e)
        {
            return new ExportRead.Malformed("this is no JSON", Offset(body.Span, e));
        }
        catch (InvalidOperationException) // text that is no Unicode, which the parser finds only when the text is wanted
        {
            return new ExportRead.Malformed("a text is not valid Unicode", 0);
        }
        return taken.ToRead(near);
    }

    /// <summary>Whether a line of a file is a request as the collector's file exporter writes them: one line, several records.</summary>
    public static bool IsExport(ReadOnlySpan<byte> line) => line.StartsWith("{\"resourceLogs\""u8);

    static long Offset(ReadOnlySpan<byte> body, JsonException e)
    {
        var at = 0;
        for (var line = 0L; line < (e.LineNumber ?? 0); line++)
        {
            var end = body[at..].IndexOf((byte)'\n');
            if (end < 0) break;
            at += end + 1;
        }
        return Math.Min(body.Length, at + (e.BytePositionInLine ?? 0));
    }
}

/// <summary>The records of a request, counted.</summary>
sealed class TakenRecords
{
    readonly List<ExportedPart> parts = [];
    int accepted, refused;
    string? why;

    public ExportedRecord Record { get; } = new();

    public void Begin(ExportedPart part) => parts.Add(part);

    /// <summary>Takes what was read into <see cref="Record"/>.</summary>
    public void Add()
    {
        if (accepted >= ReadExport.MaxRecords) Refuse($"a request may have {ReadExport.MaxRecords} records");
        else if (parts[^1].Add(Record) is { } problem) Refuse(problem);
        else accepted++;
    }

    public void Refuse(string problem)
    {
        refused++;
        why ??= problem;
    }

    public ExportRead.Taken ToRead(DateTimeOffset near) => new([.. parts.Where(p => !p.IsEmpty).Select(p => p.ToChunk(near))], accepted, refused, why);
}
