using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Crawlers.Logs.Otlp;

/// <summary>What is kept of one log record; reused for each. Becomes a line of flat JSON as <c>Unwrap</c> reads it.</summary>
sealed class ExportedRecord
{
    /// <summary>What the readers of lines take of one.</summary>
    const int MaxLineBytes = Events.LineReader.DefaultMaxLineBytes - 1024;

    const int MaxText = 32 * 1024;

    static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    readonly ArrayBufferWriter<byte> line = new(1024);

    public ulong TimeUnixNano { get; set; }

    public ulong ObservedTimeUnixNano { get; set; }

    public int Severity { get; set; }

    public string SeverityText { get; set; } = "";

    public string Body { get; set; } = "";

    public string EventName { get; set; } = "";

    public string TraceId { get; set; } = "";

    string type = "", message = "", stack = "";

    public void Clear()
    {
        (TimeUnixNano, ObservedTimeUnixNano, Severity) = (0, 0, 0);
        SeverityText = Body = EventName = TraceId = type = message = stack = "";
    }

    /// <returns>Whether the attribute is one that is kept: then its value is set by <see cref="Set"/>.</returns>
    public static bool Keeps(string key) => key is "exception.type" or "exception.message" or "exception.stacktrace";

    public void Set(string key, string value) => _ = key switch
    {
        "exception.type" => type = value,
        "exception.message" => message = value,
        _ => stack = value,
    };

    /// <returns>Null when it was written, else why it says nothing.</returns>
    public string? Write(string logger, IBufferWriter<byte> to)
    {
        if (Body.Length == 0) Body = EventName;
        if (stack.Length == 0 && type.Length + message.Length > 0) stack = type.Length == 0 || message.Length == 0 ? type + message : $"{type}: {message}";
        if (Body.Length == 0 && stack.Length == 0) return "a record has neither a body nor an exception";
        for (var most = MaxText; ; most /= 2)
        {
            line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(line, Plain)) Write(json, logger, most);
            if (line.WrittenCount <= MaxLineBytes) break;
        }
        to.Write(line.WrittenSpan);
        to.Write("\n"u8);
        return null;
    }

    void Write(Utf8JsonWriter json, string logger, int most)
    {
        json.WriteStartObject();
        var time = TimeUnixNano != 0 ? TimeUnixNano : ObservedTimeUnixNano;
        if (time != 0) json.WriteString("timeUnixNano", time.ToString(CultureInfo.InvariantCulture));
        if (Severity != 0) json.WriteNumber("severityNumber", Severity);
        if (SeverityText.Length > 0) json.WriteString("severityText", Cut(SeverityText, 64));
        if (logger.Length > 0) json.WriteString("logger", Cut(logger, 256));
        if (TraceId.Length > 0) json.WriteString("traceId", TraceId);
        if (Body.Length > 0) json.WriteString("body", Cut(Body, most));
        if (stack.Length > 0) json.WriteString("exception.stacktrace", Cut(stack, most));
        json.WriteEndObject();
    }

    static string Cut(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 1]) ? most - 1 : most), "…");
}
