using Crawlers.Logs.Events;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>Puts the entries of each writer together, in their order.</summary>
sealed class JournalChunks
{
    const int MaxLineBytes = LineReader.DefaultMaxLineBytes;
    readonly Dictionary<string, Entries> parts = [];

    /// <param name="line">With its line end.</param>
    public void Add(in JournalEntry entry, ReadOnlySpan<byte> line)
    {
        if (!parts.TryGetValue(entry.Part, out var part)) parts[entry.Part] = part = new Entries(new MemoryStream());
        part.Labels = entry.Labels;
        part.Near = DateTimeOffset.UnixEpoch.AddMicroseconds(entry.RealtimeMicroseconds);
        if (line.Length - 1 > MaxLineBytes)
        {
            part.DroppedBytes += line.Length - 1 - MaxLineBytes;
            part.Lines.Write(line[..MaxLineBytes]);
            part.Lines.WriteByte((byte)'\n');
        }
        else part.Lines.Write(line);
    }

    public List<LogChunk> ToList() => [.. parts.Select(p => new LogChunk(p.Key, p.Value.Lines.GetBuffer().AsMemory(0, (int)p.Value.Lines.Length), p.Value.Labels, p.Value.Near, DroppedBytes: p.Value.DroppedBytes))];

    sealed class Entries(MemoryStream lines)
    {
        public MemoryStream Lines => lines;

        public LogLabels Labels { get; set; } = new();

        public DateTimeOffset Near { get; set; }

        public long DroppedBytes { get; set; }
    }
}
