using System.Text.Json;
using System.Text.Json.Serialization;

namespace Crawlers.Logs.Sources.Files;

/// <summary>How far a file was read, and by what it is known again. The names are those of the JSON that is kept.</summary>
/// <param name="Offset">In bytes of its content, unpacked; at the beginning of a line save where one of the last two says otherwise.</param>
/// <param name="Head">Hash of its first bytes, as many as <paramref name="HeadBytes"/> says.</param>
/// <param name="Tail">Hash of the bytes before the offset.</param>
/// <param name="PackedBytes">Of a compressed file: its size when all of it had been read.</param>
/// <param name="ReadAt">When it was last read from, in seconds since 1970.</param>
/// <param name="RotatedFrom">The name it had while it was written.</param>
/// <param name="IsEnded">Was told to have ended.</param>
/// <param name="IsSkipping">The offset is within a line that was too long.</param>
/// <param name="IsOpenEnded">The last line was given before its end had come.</param>
sealed record FilePosition(
    string Path, ulong Device, ulong Inode, long Offset, int HeadBytes, ulong Head, int TailBytes, ulong Tail, bool IsGzip, long PackedBytes, long ReadAt,
    string? RotatedFrom, bool IsEnded, bool IsSkipping, bool IsOpenEnded)
{
    static readonly JsonSerializerOptions Form = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public string ToJson() => JsonSerializer.Serialize(this, Form);

    /// <returns>Null when it is none.</returns>
    public static FilePosition? FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<FilePosition>(json, Form) is { Path: not null, Offset: > 0 } position ? position : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
