using System.Text.Json;

namespace Crawlers.Logs.Sources.Loki;

/// <summary>Where to go on.</summary>
/// <param name="FromNanoseconds">Since 1970; what is earlier was read.</param>
/// <param name="Read">Hashes of the entries of exactly that time that were read.</param>
sealed record LokiPosition(long FromNanoseconds, IReadOnlyList<string> Read)
{
    public string ToJson() => JsonSerializer.Serialize(this);

    public static LokiPosition? FromJson(string? json)
    {
        try
        {
            return json is null || JsonSerializer.Deserialize<LokiPosition>(json) is not { FromNanoseconds: > 0, Read: not null } position ? null : position;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
