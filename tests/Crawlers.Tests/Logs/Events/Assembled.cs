using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Tests.Logs.Events;

/// <summary>An event that outlives its being handed over.</summary>
sealed record Assembled(string Text, string Lines, LogLevel Level)
{
    public static List<Assembled> From(string log, LogFormat format = LogFormat.Auto) => From(Encoding.UTF8.GetBytes(log), format);

    public static List<Assembled> From(byte[] log, LogFormat format = LogFormat.Auto)
    {
        var events = new List<Assembled>();
        var assemble = new AssembleEvents(Into(events), format);
        var reader = new LineReader(new MemoryStream(log));
        for (var number = 1L; reader.TryRead(out var line); number++) assemble.Add(line, number);
        assemble.Flush();
        return events;
    }

    public static TakeEvent Into(List<Assembled> events) => (in AssembledEvent e) => events.Add(new Assembled(Encoding.UTF8.GetString(e.Text), string.Join(',', e.Lines.ToArray()), e.Level));
}
