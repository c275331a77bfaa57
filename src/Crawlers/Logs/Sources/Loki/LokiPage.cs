using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Crawlers.Logs.Sources.Loki;

/// <param name="Labels">Those of the stream, by name.</param>
sealed record LokiStream(SortedDictionary<string, string> Labels, List<LokiEntry> Entries);

/// <param name="Hash">Of stream and line; two entries of one time that share it are one.</param>
/// <param name="Metadata">What is known of this entry beside its stream.</param>
readonly record struct LokiEntry(long Nanoseconds, string Line, string Hash, IReadOnlyDictionary<string, string>? Metadata);

/// <summary>What <c>query_range</c> answers.</summary>
static class LokiPage
{
    /// <exception cref="JsonException">It is no such answer.</exception>
    public static List<LokiStream> Read(ReadOnlyMemory<byte> json)
    {
        using var answer = JsonDocument.Parse(json);
        if (!answer.RootElement.TryGetProperty("data", out var data) || !data.TryGetProperty("resultType", out var type)) throw new JsonException("there is no data in it");
        if (type.GetString() != "streams") throw new JsonException($"it has a {type} and no lines: the query must not count");
        var streams = new List<LokiStream>();
        foreach (var result in data.GetProperty("result").EnumerateArray())
        {
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var label in result.GetProperty("stream").EnumerateObject()) labels[label.Name] = label.Value.GetString() ?? "";
            var name = string.Join('\n', labels.Select(l => $"{l.Key}={l.Value}"));
            var entries = new List<LokiEntry>();
            foreach (var value in result.GetProperty("values").EnumerateArray())
            {
                var line = value[1].GetString() ?? "";
                entries.Add(new LokiEntry(long.Parse(value[0].GetString()!, CultureInfo.InvariantCulture), line,
                    Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\n\n{line}")).AsSpan(0, 8)), value.GetArrayLength() > 2 ? Metadata(value[2]) : null));
            }
            streams.Add(new LokiStream(labels, entries));
        }
        return streams;
    }

    // Sorted under headings when it was asked for so, else name by name.
    static Dictionary<string, string> Metadata(JsonElement element)
    {
        var metadata = new Dictionary<string, string>();
        if (element.ValueKind != JsonValueKind.Object) return metadata;
        foreach (var member in element.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.String) metadata[member.Name] = member.Value.GetString()!;
            else if (member.Value.ValueKind == JsonValueKind.Object)
                foreach (var inner in member.Value.EnumerateObject())
                    if (inner.Value.ValueKind == JsonValueKind.String) metadata[inner.Name] = inner.Value.GetString()!;
        }
        return metadata;
    }
}
