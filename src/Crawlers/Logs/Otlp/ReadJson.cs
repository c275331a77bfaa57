using System.Globalization;
using System.Text.Json;

namespace Crawlers.Logs.Otlp;

/// <summary>OTLP/JSON: protobuf's JSON with hex for the ids of traces. 64-bit numbers come as text or as numbers, names in either case; members of another kind than they should be are as if missing.</summary>
static class ReadJson
{
    static readonly JsonDocumentOptions Bounded = new() { MaxDepth = 64 };

    public static void Run(ReadOnlyMemory<byte> body, TakenRecords taken)
    {
        using var document = JsonDocument.Parse(body, Bounded);
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw new MalformedExport("the request must be an object", 0);
        if (Member(document.RootElement, "resourceLogs", "resource_logs").ValueKind is not (JsonValueKind.Array or JsonValueKind.Undefined or JsonValueKind.Null)) throw new MalformedExport("resourceLogs must be a list", 0);
        foreach (var logs in Items(document.RootElement, "resourceLogs", "resource_logs"))
        {
            var resource = new ExportedResource();
            foreach (var pair in Items(Member(logs, "resource", "resource"), "attributes", "attributes")) resource.Set(Text(pair, "key", "key"), AnyValue.Text(Member(pair, "value", "value")));
            foreach (var scoped in Items(logs, "scopeLogs", "scope_logs"))
            {
                var scope = Member(scoped, "scope", "scope");
                taken.Begin(new ExportedPart(resource, Text(scope, "name", "name"), Text(scope, "version", "version")));
                foreach (var record in Items(scoped, "logRecords", "log_records")) LogRecord(record, taken);
            }
        }
    }

    static void LogRecord(JsonElement fields, TakenRecords taken)
    {
        var record = taken.Record;
        record.Clear();
        record.TimeUnixNano = Number(fields, "timeUnixNano", "time_unix_nano");
        record.ObservedTimeUnixNano = Number(fields, "observedTimeUnixNano", "observed_time_unix_nano");
        record.Severity = Severity(Member(fields, "severityNumber", "severity_number"));
        record.SeverityText = Text(fields, "severityText", "severity_text");
        record.Body = AnyValue.Text(Member(fields, "body", "body"));
        record.EventName = Text(fields, "eventName", "event_name");
        record.TraceId = Text(fields, "traceId", "trace_id") is { Length: 32 } id && id.All(char.IsAsciiHexDigit) ? id.ToLowerInvariant() : "";
        foreach (var pair in Items(fields, "attributes", "attributes"))
            if (Text(pair, "key", "key") is var key && ExportedRecord.Keeps(key)) record.Set(key, AnyValue.Text(Member(pair, "value", "value")));
        taken.Add();
    }

    // By the book a number; SEVERITY_NUMBER_ERROR2 is what protobuf's own printers write.
    static int Severity(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number) return value.TryGetInt32(out var number) ? Math.Clamp(number, 0, 1000) : 0;
        if (value.ValueKind != JsonValueKind.String) return 0;
        var text = value.GetString()!.AsSpan();
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var written)) return Math.Min(written, 1000);
        if (!text.StartsWith("SEVERITY_NUMBER_")) return 0;
        var name = text[16..].TrimEnd("0123456789");
        var first = name switch { "TRACE" => 1, "DEBUG" => 5, "INFO" => 9, "WARN" => 13, "ERROR" => 17, "FATAL" => 21, _ => 0 };
        return first > 0 && int.TryParse(text[(16 + name.Length)..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) && step is >= 2 and <= 4 ? first + step - 1 : first;
    }

    static ulong Number(JsonElement fields, string name, string snake)
    {
        var value = Member(fields, name, snake);
        return value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetUInt64(out var number) => number,
            JsonValueKind.String when ulong.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            _ => 0,
        };
    }

    public static string Text(JsonElement of, string name, string snake) => Member(of, name, snake) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public static JsonElement Member(JsonElement of, string name, string snake) =>
        of.ValueKind == JsonValueKind.Object && (of.TryGetProperty(name, out var value) || of.TryGetProperty(snake, out value)) ? value : default;

    public static IEnumerable<JsonElement> Items(JsonElement of, string name, string snake) =>
        Member(of, name, snake) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : Enumerable.Empty<JsonElement>();
}
