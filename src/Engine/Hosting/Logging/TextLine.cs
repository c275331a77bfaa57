using System.Globalization;
using System.Text;
using Serilog.Events;

namespace Engine.Hosting.Logging;

/// <summary>
/// An event for people: <c>09:41:07.120 info  ClaimTask: Claimed … [trace …]</c>, the exception below it. Only the first line
/// starts at the margin, so that no text from outside can pass for an event.
/// </summary>
public static class TextLine
{
    const string Indent = "    ";

    public static void Write(LogEvent logEvent, StringBuilder line)
    {
        line.Append(CultureInfo.InvariantCulture, $"{logEvent.Timestamp.UtcDateTime:HH:mm:ss.fff} {Level(logEvent.Level),-5} ");
        if (LogEventParts.Text(logEvent, LogEventParts.Source) is { } source)
            line.AppendHarmless(source.AsSpan(source.LastIndexOf('.') + 1)).Append(": ");
        line.AppendHarmless(LogEventParts.Message(logEvent));
        if (logEvent.TraceId is { } trace) line.Append(CultureInfo.InvariantCulture, $" [trace {trace}]");
        if (logEvent.Exception is null) return;
        foreach (var part in logEvent.Exception.ToString().AsSpan().EnumerateLines())
            line.Append('\n').Append(Indent).AppendHarmless(part);
    }

    static string Level(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "info",
        LogEventLevel.Warning => "warn",
        LogEventLevel.Error => "error",
        _ => "fatal",
    };
}
