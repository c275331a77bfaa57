using System.Text;

namespace Crawlers.Logs.Otlp;

/// <summary>opentelemetry/proto/collector/logs/v1/logs_service.proto: fields may stand in any order, and those that are not known are passed over.</summary>
static class ReadProtobuf
{
    public static void Run(ReadOnlySpan<byte> body, TakenRecords taken)
    {
        var request = new WireReader(body, 0);
        while (request.Next())
            if (request is { Field: 1, IsBytes: true }) ResourceLogs(request.ReadMessage(), taken);
            else request.Skip();
    }

    static void ResourceLogs(WireReader logs, TakenRecords taken)
    {
        var resource = new ExportedResource();
        var first = logs; // what a record belongs to may stand behind it
        while (first.Next())
            if (first is { Field: 1, IsBytes: true }) Attributes(first.ReadMessage(), field: 1, resource.Set, _ => true);
            else first.Skip();
        while (logs.Next())
            if (logs is { Field: 2, IsBytes: true }) ScopeLogs(logs.ReadMessage(), resource, taken);
            else logs.Skip();
    }

    static void ScopeLogs(WireReader logs, ExportedResource resource, TakenRecords taken)
    {
        var (name, version) = ("", "");
        var first = logs;
        while (first.Next())
        {
            if (first is not { Field: 1, IsBytes: true })
            {
                first.Skip();
                continue;
            }
            var scope = first.ReadMessage();
            while (scope.Next())
                if (scope is { Field: 1, IsBytes: true }) name = Text(scope.ReadBytes());
                else if (scope is { Field: 2, IsBytes: true }) version = Text(scope.ReadBytes());
                else scope.Skip();
        }
        taken.Begin(new ExportedPart(resource, name, version));
        while (logs.Next())
            if (logs is { Field: 2, IsBytes: true }) LogRecord(logs.ReadMessage(), taken);
            else logs.Skip();
    }

    static void LogRecord(WireReader fields, TakenRecords taken)
    {
        var record = taken.Record;
        record.Clear();
        var attributes = fields;
        while (fields.Next())
            switch (fields.Field)
            {
                case 1 when fields.IsFixed64:
                    record.TimeUnixNano = fields.ReadFixed64();
                    break;
                case 2 when fields.IsNumber:
                    record.Severity = (int)Math.Min(fields.ReadVarint(), 1000);
                    break;
                case 3 when fields.IsBytes:
                    record.SeverityText = Text(fields.ReadBytes());
                    break;
                case 5 when fields.IsBytes:
                    record.Body = AnyValue.Text(fields.ReadMessage());
                    break;
                case 9 when fields.IsBytes:
                    record.TraceId = fields.ReadBytes() is { Length: 16 } id ? Convert.ToHexStringLower(id) : "";
                    break;
                case 11 when fields.IsFixed64:
                    record.ObservedTimeUnixNano = fields.ReadFixed64();
                    break;
                case 12 when fields.IsBytes:
                    record.EventName = Text(fields.ReadBytes());
                    break;
                default:
                    fields.Skip();
                    break;
            }
        Attributes(attributes, field: 6, record.Set, ExportedRecord.Keeps);
        taken.Add();
    }

    static void Attributes(WireReader message, int field, Action<string, string> take, Func<string, bool> keeps)
    {
        while (message.Next())
        {
            if (message.Field != field || !message.IsBytes)
            {
                message.Skip();
                continue;
            }
            var pair = message.ReadMessage();
            var key = "";
            var value = default(WireReader);
            while (pair.Next())
                if (pair is { Field: 1, IsBytes: true }) key = Text(pair.ReadBytes());
                else if (pair is { Field: 2, IsBytes: true }) value = pair.ReadMessage();
                else pair.Skip();
            if (keeps(key)) take(key, AnyValue.Text(value));
        }
    }

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
