using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <summary>The stack trace in the text of an event.</summary>
public static class EventTrace
{
    /// <returns>Null when it has none.</returns>
    public static Trace? Of(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var end = bytes.AsSpan().IndexOf((byte)'\n');
        if (end < 0) return null;
        var start = ReadHeader.Of(bytes.AsSpan(0, end)).MessageStart;
        return ParseTrace.Run(Encoding.UTF8.GetString(bytes.AsSpan(Math.Min(start, bytes.Length))));
    }
}
