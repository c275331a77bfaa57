using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <summary>Why an event has its fingerprint.</summary>
/// <param name="Message">What was masked; with a trace, the line before it.</param>
/// <param name="Masks">In order; empty with a trace, whose message does not count.</param>
/// <param name="Frames">Of the exception that decided; empty without a trace.</param>
public sealed record Explanation(
    Fingerprint Fingerprint, LogLevel Level, string Header, string Logger, string Thread, string Message, IReadOnlyList<MaskedPart> Masks, IReadOnlyList<ExplainedFrame> Frames);

/// <param name="Role">counts, hub, library, repeated or beyond: what it is in the fingerprint.</param>
public sealed record ExplainedFrame(string Exception, TraceFrame Frame, string Role);

/// <summary>Shows which masks and which frames made the fingerprint of an event.</summary>
public static class ExplainEvent
{
    /// <param name="text">One event, with its envelope and header or without.</param>
    public static Explanation Run(string text, LogFormat format = LogFormat.Auto)
    {
        Explanation? explained = null;
        var assemble = new AssembleEvents((in AssembledEvent assembled) => explained ??= Of(assembled), format);
        var number = 0;
        foreach (var line in text.Split('\n')) assemble.Add(Encoding.UTF8.GetBytes(line.TrimEnd('\r')), ++number);
        assemble.Flush();
        return explained ?? new Explanation(new FingerprintEvent().Run(""), LogLevel.Unknown, "", "", "", "", [], []);
    }

    static Explanation Of(in AssembledEvent assembled)
    {
        var fingerprint = new FingerprintEvent().Run(assembled);
        var header = assembled.Header;
        var masks = new List<MaskedPart>();
        var message = FingerprintEvent.Message(assembled.Text, header.MessageStart);
        if (fingerprint.Type is null) MaskMessage.Run(message, new byte[MaskMessage.MaxInputBytes + 16], masks);
        var trace = fingerprint.Type is null ? null : ParseTrace.Run(Encoding.UTF8.GetString(assembled.Text[Math.Min(header.MessageStart, assembled.Text.Length)..]));
        return new Explanation(fingerprint, assembled.Level != LogLevel.Unknown ? assembled.Level : fingerprint.ImpliedLevel,
            Part(assembled.Text, 0, header.MessageStart), Part(assembled.Text, header.LoggerStart, header.LoggerLength), Part(assembled.Text, header.ThreadStart, header.ThreadLength),
            Encoding.UTF8.GetString(message), masks, trace is null ? [] : [.. Frames(trace, fingerprint)]);
    }

    static string Part(ReadOnlySpan<byte> text, int start, int length) => Encoding.UTF8.GetString(text.Slice(Math.Min(start, text.Length), Math.Min(length, text.Length - Math.Min(start, text.Length))));

    static IEnumerable<ExplainedFrame> Frames(Trace trace, Fingerprint fingerprint)
    {
        foreach (var exception in trace.Exceptions)
        {
            var seen = new HashSet<string>();
            foreach (var frame in exception.Frames)
            {
                var role = !frame.IsOwn ? "library" : !seen.Add(frame.Name) ? "repeated"
                    : fingerprint.Frames.Contains(frame.Name) ? "counts" : Hubs.IsHub(frame.Name) ? "hub" : "beyond";
                yield return new ExplainedFrame(exception.Type, frame, role);
            }
        }
    }
}
