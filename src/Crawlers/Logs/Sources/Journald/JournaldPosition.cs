using System.Text.Json;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>The last entry that was read.</summary>
/// <param name="RealtimeMicroseconds">Since 1970; where to go on when the cursor means nothing to the journal any more.</param>
sealed record JournaldPosition(string Cursor, long RealtimeMicroseconds)
{
    public bool IsCursorUsable { get; init; } = true;

    public string ToJson() => JsonSerializer.Serialize(this);

    public static JournaldPosition? FromJson(string? json)
    {
        try
        {
            return json is null || JsonSerializer.Deserialize<JournaldPosition>(json) is not { Cursor.Length: > 0 } position ? null : position;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
