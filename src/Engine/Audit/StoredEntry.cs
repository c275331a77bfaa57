using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Engine.Audit;

/// <summary>
/// An entry as it lies in the database, read back as texts: what is hashed is what is stored. Every column may be null and
/// every text odd, because a verification must also read what somebody tampered with.
/// </summary>
/// <param name="RecordedAt">ISO 8601 in UTC with microseconds.</param>
/// <param name="Details">The text of the jsonb column.</param>
public sealed record StoredEntry(Guid EntryId, string? RecordedAt, string? Actor, string? Action, string? Subject, string? Source, string? Details)
{
    /// <summary>The columns of this record, from <c>audit_log l</c>. Times outside 1–9999 have no such form (BC would look like AD) and get one of their own.</summary>
    internal const string Columns = """
        l.entry_id,
        case when l.recorded_at >= '0001-01-01 00:00:00+00' and l.recorded_at < '10000-01-01 00:00:00+00'
            then to_char(l.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            else 'epoch ' || extract(epoch from l.recorded_at)
        end as recorded_at,
        l.actor, l.action, l.subject, l.source, l.details::text as details
        """;

    /// <summary>The entry as canonical JSON: its seven columns as members, in the order of their names.</summary>
    public byte[] ToCanonicalJson()
    {
        var output = new ArrayBufferWriter<byte>(512);
        Member("{\"action\":", Action);
        Member(",\"actor\":", Actor);
        WriteDetails(output);
        Member(",\"entry_id\":", EntryId.ToString());
        Member(",\"recorded_at\":", RecordedAt);
        Member(",\"source\":", Source);
        Member(",\"subject\":", Subject);
        output.Write("}"u8);
        return output.WrittenSpan.ToArray();

        void Member(string name, string? value)
        {
            Encoding.UTF8.GetBytes(name, output);
            if (value is null) output.Write("null"u8);
            else CanonicalJson.WriteText(output, value);
        }
    }

    /// <returns>SHA-256 of <see cref="ToCanonicalJson"/>.</returns>
    public byte[] Hash() => SHA256.HashData(ToCanonicalJson());

    void WriteDetails(ArrayBufferWriter<byte> output)
    {
        byte[] canonical;
        try
        {
            canonical = Details is null ? "null"u8.ToArray() : CanonicalJson.Of(Details);
        }
        catch (JsonException)
        {
            // Nested too deeply to be sorted; only SQL past RecordAudit writes such. It is hashed as text under another name,
            // so that one odd row neither stops the chain nor hides from it.
            output.Write(",\"details_text\":"u8);
            CanonicalJson.WriteText(output, Details);
            return;
        }
        output.Write(",\"details\":"u8);
        output.Write(canonical);
    }
}
