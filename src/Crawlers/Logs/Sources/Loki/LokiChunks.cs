using System.Security.Cryptography;
using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Sources.Loki;

/// <summary>The lines of a page, stream by stream.</summary>
static class LokiChunks
{
    const int MaxLineBytes = LineReader.DefaultMaxLineBytes, MostPart = 200;
    static readonly string[] Services = ["service_name", "service", "app", "job", "container"], Releases = ["version", "service_version"], Hosts = ["host", "hostname", "host_name", "node_name", "instance"];

    public static List<LogChunk> Of(IEnumerable<LokiStream> streams)
    {
        var chunks = new List<LogChunk>();
        foreach (var stream in streams.Where(s => s.Entries.Count > 0))
        {
            var lines = new MemoryStream();
            long dropped = 0;
            foreach (var entry in stream.Entries) dropped += Write(lines, entry.Line);
            var last = stream.Entries[^1];
            var labels = new LogLabels(First(Services, stream.Labels, last.Metadata), First(Releases, stream.Labels, last.Metadata), First(Hosts, stream.Labels, last.Metadata));
            chunks.Add(new LogChunk(PartOf(stream.Labels), lines.GetBuffer().AsMemory(0, (int)lines.Length), labels, DateTimeOffset.UnixEpoch.AddTicks(last.Nanoseconds / 100), DroppedBytes: dropped));
        }
        return chunks;
    }

    /// <returns>Bytes that were too many for one line; an entry may have several.</returns>
    static long Write(MemoryStream lines, string entry)
    {
        long dropped = 0;
        var bytes = Encoding.UTF8.GetBytes(entry);
        if (bytes.Length > 0 && bytes[^1] == (byte)'\n') bytes = bytes[..^1];
        foreach (var range in bytes.AsSpan().Split((byte)'\n'))
        {
            var line = bytes.AsSpan(range);
            dropped += Math.Max(0, line.Length - MaxLineBytes);
            lines.Write(line[..Math.Min(line.Length, MaxLineBytes)]);
            lines.WriteByte((byte)'\n');
        }
        return dropped;
    }

    static string PartOf(SortedDictionary<string, string> labels)
    {
        var part = $"{{{string.Join(", ", labels.Select(l => $"{l.Key}=\"{l.Value}\""))}}}";
        return part.Length <= MostPart ? part : $"{part[..(MostPart - 20)]}…{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(part)).AsSpan(0, 8))}";
    }

    static string? First(string[] names, SortedDictionary<string, string> labels, IReadOnlyDictionary<string, string>? metadata) =>
        names.Select(n => labels.GetValueOrDefault(n) ?? metadata?.GetValueOrDefault(n)).FirstOrDefault(v => v is { Length: > 0 } and not "unknown_service");
}
