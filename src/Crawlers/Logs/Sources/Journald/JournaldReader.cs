using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>Reads systemd's journal through journalctl, entry by entry as JSON.</summary>
/// <param name="positions">What earlier reads gave, committed; empty when the source was never read.</param>
public sealed class JournaldReader(JournaldSettings settings, IReadOnlyDictionary<string, string> positions, TimeProvider time) : ILogReader
{
    const int MostBytes = 4 * 1024 * 1024, MostEntryBytes = 64 * 1024 * 1024;
    const string Key = "journal";
    static readonly TimeSpan AsksEvery = TimeSpan.FromSeconds(1);

    readonly RunJournalctl run = new(settings, time);
    JournaldPosition? position = JournaldPosition.FromJson(positions.GetValueOrDefault(Key));
    bool isAtStart = positions.Count == 0, isBehind;
    byte[] room = new byte[MostBytes];
    long? askedAt;
    string? gap;

    public string? Problem { get; private set; }

    /// <summary>The journal tells nobody how much of it is left: one byte when there is more.</summary>
    public long BehindBytes => isBehind ? 1 : 0;

    public async ValueTask<LogRead> ReadAsync(CancellationToken ct)
    {
        if (!isBehind && askedAt is { } last && time.GetElapsedTime(last) < AsksEvery) return LogRead.Nothing;
        askedAt = time.GetTimestamp();
        var lastOnly = isAtStart && settings.StartAt == StartAt.End;
        var (bytes, isFull, complaint) = await run.RunAsync(position, lastOnly, room, ct);
        isBehind = isFull;
        var before = position;
        var chunks = new JournalChunks();
        Take(room.AsSpan(0, bytes), lastOnly ? null : chunks);
        if (isFull && position == before && room.Length < MostEntryBytes) room = new byte[room.Length * 2]; // one entry that is larger
        else if (isFull && position == before) complaint = $"An entry of the journal after {position?.Cursor} is larger than {MostEntryBytes >> 20} MB; remove it with journalctl --vacuum-time=…, or read other units.";
        if (bytes == 0 && complaint is not null && before is { IsCursorUsable: true } && complaint.Contains("cursor", StringComparison.OrdinalIgnoreCase))
        {
            position = before with { IsCursorUsable = false };
            isBehind = true;
        }
        if (lastOnly && bytes == 0 && complaint is null) position = new JournaldPosition("none", time.GetUtcNow().ToUnixTimeMilliseconds() * 1000) { IsCursorUsable = false }; // all that comes is new
        Problem = complaint is null ? gap : Remedy(complaint);
        if (position is null || position == before) return LogRead.Nothing;
        isAtStart = false;
        return new LogRead(chunks.ToList(), new Dictionary<string, string?> { [Key] = position.ToJson() });
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <param name="chunks">Null: only the position is wanted.</param>
    void Take(ReadOnlySpan<byte> read, JournalChunks? chunks)
    {
        var last = position;
        var isFirst = true;
        while (read.IndexOf((byte)'\n') is >= 0 and var length)
        {
            var line = read[..(length + 1)];
            read = read[line.Length..];
            if (!JournalEntry.TryRead(line[..^1], out var entry)) continue;
            if (isFirst && position is { IsCursorUsable: true })
            {
                isFirst = false;
                gap = entry.Cursor == position.Cursor ? null : "Entries of the journal were removed before they were read: keep more of it (SystemMaxUse= and RuntimeMaxUse= in journald.conf).";
                if (gap is null) continue;
            }
            last = new JournaldPosition(entry.Cursor!, entry.RealtimeMicroseconds);
            chunks?.Add(entry, line);
        }
        position = last;
    }

    static string Remedy(string complaint) =>
        complaint.Contains("cannot be started", StringComparison.Ordinal) ? $"{complaint}: install systemd's journalctl where the engine runs, or remove this source."
        : complaint.Contains("permission", StringComparison.OrdinalIgnoreCase) || complaint.Contains("not seeing messages", StringComparison.Ordinal) ? $"{complaint} Let {Environment.UserName} read the journal: usermod -aG systemd-journal {Environment.UserName}, and start the engine again."
        : complaint.Contains("o journal files", StringComparison.Ordinal) ? $"{complaint} Let journald keep files (Storage=persistent in journald.conf), or mount its folder and name it in the settings."
        : $"{complaint}; it is tried again.";
}
