using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Crawlers.Logs.Sources;

namespace Crawlers.Logs.Otlp;

/// <summary>The records of one resource and scope.</summary>
sealed class ExportedPart(ExportedResource resource, string logger, string version)
{
    readonly ArrayBufferWriter<byte> lines = new();

    public bool IsEmpty => lines.WrittenCount == 0;

    /// <returns>Null, or why the record is refused.</returns>
    public string? Add(ExportedRecord record) => record.Write(logger, lines);

    public LogChunk ToChunk(DateTimeOffset near) => new(ExportedResource.HashOf($"{resource.Hash}\0{logger}\0{version}"), lines.WrittenMemory, resource.Labels, near);
}

/// <summary>What sent the records.</summary>
sealed class ExportedResource
{
    const int MaxLabel = 200;

    readonly SortedDictionary<string, string> attributes = new(StringComparer.Ordinal);

    /// <summary>The same for the same process, in any order of attributes, on every node. Made once, for a request may have as many scopes as it has bytes.</summary>
    public string Hash => field ??= HashOf(string.Concat(attributes.Select(a => $"{a.Key}\0{a.Value}\0")));

    public LogLabels Labels => field ??= new LogLabels(Of("service.name"), Of("service.version"), Of("host.name") ?? Of("k8s.pod.name"));

    public void Set(string key, string value) => attributes[key] = value;

    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    string? Of(string key) => attributes.TryGetValue(key, out var value) && value.Length > 0 ? value[..Math.Min(value.Length, MaxLabel)] : null;
}
