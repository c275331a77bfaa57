namespace Crawlers.Logs.Sources;

/// <summary>What one read gave; counted whole or not at all.</summary>
/// <param name="Positions">By the reader's own keys: where to go on after these chunks, as JSON; null: forget the key. Given back to the reader that begins next.</param>
public sealed record LogRead(IReadOnlyList<LogChunk> Chunks, IReadOnlyDictionary<string, string?> Positions)
{
    public static readonly LogRead Nothing = new([], new Dictionary<string, string?>());

    /// <summary>Completed once it is stored, or failed when it will not be; null where nobody waits.</summary>
    public TaskCompletionSource? Committed { get; init; }
}

/// <summary>Lines that follow each other.</summary>
/// <param name="Part">Which writer of the source: lines of one part are joined to events, those of two never. At most 200 characters.</param>
/// <param name="Lines">Whole lines, each ends with LF; empty when only an end, or what was dropped, is told. Valid until the next read.</param>
/// <param name="Near">What times without year or date are near to: the file's last write.</param>
/// <param name="IsEnded">Nothing more will come in this part.</param>
/// <param name="DroppedBytes">Of lines that were too long, and are not in Lines.</param>
public sealed record LogChunk(string Part, ReadOnlyMemory<byte> Lines, LogLabels Labels, DateTimeOffset Near, bool IsEnded = false, long DroppedBytes = 0);

/// <summary>What the place says about its lines; null where it says nothing.</summary>
public sealed record LogLabels(string? Service = null, string? Release = null, string? Host = null);
