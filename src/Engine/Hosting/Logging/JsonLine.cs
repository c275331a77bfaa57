using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Serilog.Events;

namespace Engine.Hosting.Logging;

/// <summary>
/// An event for programs, one object a line: <c>time</c>, <c>level</c>, <c>message</c>, and where the event has them
/// <c>source</c>, <c>event_id</c>, <c>trace_id</c>, <c>span_id</c>, <c>properties</c> (names in snake_case), <c>exception</c>.
/// </summary>
public static class JsonLine
{
    const int KeptNames = 1024;

    static readonly ConcurrentDictionary<string, string> SnakeNames = new(StringComparer.Ordinal);

    public static void Write(LogEvent logEvent, StringBuilder line)
    {
        line.Append(CultureInfo.InvariantCulture, $"{{\"time\":\"{logEvent.Timestamp.UtcDateTime:yyyy-MM-ddTHH:mm:ss.ffffffZ}\"");
        line.Append(",\"level\":\"").Append(Level(logEvent.Level)).Append('"');
        line.Append(",\"message\":").AppendJson(LogEventParts.Message(logEvent));
        if (LogEventParts.Text(logEvent, LogEventParts.Source) is { } source) line.Append(",\"source\":").AppendJson(source);
        if (EventId(logEvent) is { } eventId) line.Append(CultureInfo.InvariantCulture, $",\"event_id\":{eventId}");
        if (logEvent.TraceId is { } trace) line.Append(CultureInfo.InvariantCulture, $",\"trace_id\":\"{trace}\"");
        if (logEvent.SpanId is { } span) line.Append(CultureInfo.InvariantCulture, $",\"span_id\":\"{span}\"");

        var opening = ",\"properties\":{";
        foreach (var (name, value) in logEvent.Properties)
        {
            if (name is LogEventParts.Source or LogEventParts.EventId) continue;
            WriteMember(line.Append(opening), name, value);
            opening = ",";
        }
        if (opening == ",") line.Append('}');

        if (logEvent.Exception is { } exception) line.Append(",\"exception\":").AppendJson(exception.ToString());
        line.Append('}');
    }

    static string Level(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "information",
        LogEventLevel.Warning => "warning",
        LogEventLevel.Error => "error",
        _ => "critical",
    };

    static int? EventId(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(LogEventParts.EventId, out var value) && value is StructureValue parts
            ? parts.Properties.FirstOrDefault(part => part.Name == "Id")?.Value is ScalarValue { Value: int id } ? id : null
            : null;

    static void WriteMember(StringBuilder line, string name, LogEventPropertyValue value)
    {
        if (!SnakeNames.TryGetValue(name, out var snake))
        {
            snake = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
            if (SnakeNames.Count < KeptNames) SnakeNames.TryAdd(name, snake); // names can come from outside, through scopes
        }
        WriteValue(line.AppendJson(snake).Append(':'), value);
    }

    static void WriteValue(StringBuilder line, LogEventPropertyValue? value)
    {
        switch (value)
        {
            case ScalarValue scalar:
                WriteScalar(line, scalar.Value);
                break;
            case SequenceValue sequence:
                line.Append('[');
                for (var i = 0; i < sequence.Elements.Count; i++)
                    WriteValue(i == 0 ? line : line.Append(','), sequence.Elements[i]);
                line.Append(']');
                break;
            case StructureValue structure:
                line.Append('{');
                for (var i = 0; i < structure.Properties.Count; i++)
                    WriteMember(i == 0 ? line : line.Append(','), structure.Properties[i].Name, structure.Properties[i].Value);
                line.Append('}');
                break;
            case DictionaryValue dictionary:
                line.Append('{');
                var first = true;
                foreach (var (key, element) in dictionary.Elements)
                {
                    if (!first) line.Append(',');
                    first = false;
                    WriteValue(line.AppendJson(Convert.ToString(key.Value, CultureInfo.InvariantCulture)).Append(':'), element);
                }
                line.Append('}');
                break;
            default:
                line.Append("null");
                break;
        }
    }

    static void WriteScalar(StringBuilder line, object? value) => _ = value switch
    {
        null => line.Append("null"),
        bool truth => line.Append(truth ? "true" : "false"),
        byte or sbyte or short or ushort or int or uint or long or ulong or decimal =>
            line.Append(CultureInfo.InvariantCulture, $"{value}"),
        double number when double.IsFinite(number) => line.Append(CultureInfo.InvariantCulture, $"{number:R}"),
        float number when float.IsFinite(number) => line.Append(CultureInfo.InvariantCulture, $"{number:R}"),
        DateTimeOffset time => line.AppendJson(time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
        DateTime time => line.AppendJson(time.ToString("O", CultureInfo.InvariantCulture)),
        IFormattable other => line.AppendJson(other.ToString(null, CultureInfo.InvariantCulture)),
        _ => line.AppendJson(value.ToString()),
    };
}
