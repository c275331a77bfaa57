namespace Crawlers.Logs.Fingerprints;

/// <param name="Function">As written, without arguments.</param>
/// <param name="Name">Without what compilers and runtimes add; what counts in the key.</param>
/// <param name="File">As written; null when the frame has none.</param>
/// <param name="Line">0 when the frame has none.</param>
/// <param name="IsOwn">Not of a runtime, a standard library or an installed package.</param>
public sealed record TraceFrame(string Function, string Name, string? File, int Line, bool IsOwn);

/// <param name="Type">Empty where the language has none, as in a panic with a text.</param>
/// <param name="Frames">Innermost first.</param>
public sealed record TraceException(string Type, string Message, IReadOnlyList<TraceFrame> Frames);

/// <summary>A stack trace with its causes.</summary>
/// <param name="Exceptions">Outermost first, the root cause last; never empty.</param>
public sealed record Trace(IReadOnlyList<TraceException> Exceptions)
{
    public TraceException Outer => Exceptions[0];

    public TraceException Root => Exceptions[^1];
}
