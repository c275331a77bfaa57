using System.Globalization;
using System.Text.Json;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>What an entry of the journal says about itself; null where it says nothing.</summary>
readonly record struct JournalEntry(string? Cursor, long RealtimeMicroseconds, string? Unit, string? Identifier, string? Container, string? Host)
{
    const int MostPart = 200;

    /// <summary>Who wrote it: a container, a unit, or what calls itself so.</summary>
    public string Part => Container ?? Unit ?? Identifier ?? "journal";

    public LogLabels Labels => new(Container ?? (Unit is { } unit ? unit.EndsWith(".service", StringComparison.Ordinal) ? unit[..^8] : unit : Identifier), Host: Host);

    /// <returns>False when it is no entry.</returns>
    public static bool TryRead(ReadOnlySpan<byte> line, out JournalEntry entry)
    {
        string? cursor = null, unit = null, userUnit = null, identifier = null, command = null, container = null, host = null;
        long realtime = 0;
        entry = default;
        try
        {
            var json = new Utf8JsonReader(line);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.ValueSpan;
                if (name.SequenceEqual("__CURSOR"u8)) cursor = Text(ref json);
                else if (name.SequenceEqual("__REALTIME_TIMESTAMP"u8)) _ = long.TryParse(Text(ref json), NumberStyles.None, CultureInfo.InvariantCulture, out realtime);
                else if (name.SequenceEqual("_SYSTEMD_UNIT"u8)) unit = Text(ref json);
                else if (name.SequenceEqual("_SYSTEMD_USER_UNIT"u8)) userUnit = Text(ref json);
                else if (name.SequenceEqual("SYSLOG_IDENTIFIER"u8)) identifier = Text(ref json);
                else if (name.SequenceEqual("_COMM"u8)) command = Text(ref json);
                else if (name.SequenceEqual("CONTAINER_NAME"u8)) container = Text(ref json);
                else if (name.SequenceEqual("_HOSTNAME"u8)) host = Text(ref json);
                else
                {
                    json.Read();
                    json.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
        entry = new JournalEntry(cursor, realtime, Short(userUnit ?? unit), Short(identifier ?? command), Short(container), host);
        return cursor is not null;
    }

    // A field that an entry has more than once, or that is no text, comes as an array.
    static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String) return json.GetString();
        json.Skip();
        return null;
    }

    static string? Short(string? text) => text is { Length: > MostPart } ? text[..MostPart] : text is "" ? null : text;
}
