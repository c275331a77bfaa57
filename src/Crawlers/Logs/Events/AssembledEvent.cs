namespace Crawlers.Logs.Events;

/// <summary>One event: a line, or several that belong together. Valid only while it is handed over.</summary>
public readonly ref struct AssembledEvent
{
    /// <summary>Without the envelope; lines end with LF, the last without. What is beyond the limit of size is missing.</summary>
    public required ReadOnlySpan<byte> Text { get; init; }

    /// <summary>Of the first line.</summary>
    public required Header Header { get; init; }

    /// <summary>The header's, else the envelope's.</summary>
    public required LogLevel Level { get; init; }

    /// <summary>The numbers of its lines in the source, 1-based, in order.</summary>
    public required ReadOnlySpan<long> Lines { get; init; }

    /// <summary>The time that the envelope gives, as text.</summary>
    public required ReadOnlySpan<byte> EnvelopeTime { get; init; }

    public required bool IsMultiLine { get; init; }
}

/// <summary>Takes events as they become complete.</summary>
public delegate void TakeEvent(in AssembledEvent assembled);
