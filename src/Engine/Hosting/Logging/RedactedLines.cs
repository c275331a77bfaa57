using System.Text;
using Serilog.Events;
using Serilog.Formatting;

namespace Engine.Hosting.Logging;

/// <summary>Renders an event and takes the secrets out of the finished text, whichever part of the event they came from.</summary>
/// <param name="write">Appends the event without the closing line end.</param>
public sealed class RedactedLines(Action<LogEvent, StringBuilder> write) : ITextFormatter
{
    const int KeptChars = 32 * 1024;

    [ThreadStatic]
    static StringBuilder? spare;

    public void Format(LogEvent logEvent, TextWriter output)
    {
        var line = spare ?? new StringBuilder(512);
        spare = null;

        write(logEvent, line);
        output.Write(SecretRedaction.Redact(line.ToString()));
        output.Write('\n');

        if (line.Capacity <= KeptChars) spare = line.Clear();
    }
}
