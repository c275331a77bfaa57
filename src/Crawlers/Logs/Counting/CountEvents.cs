using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Groups;
using Crawlers.Logs.Sources;

namespace Crawlers.Logs.Counting;

/// <summary>Makes counts of lines: joins them to events, and tallies the errors among them by fingerprint until they are taken. For one source and one thread.</summary>
public sealed class CountEvents(CountSettings settings, KnownErrors known, TimeProvider time)
{
    const int MaxSampleBytes = 16 * 1024, MaxTexts = 1000, MaxLabel = 200;

    /// <summary>Later than now by more than this is a wrong clock.</summary>
    static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    /// <summary>A part that is quiet for so long, and has nothing open, costs no memory any more.</summary>
    static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    static readonly DateTimeOffset Earliest = new(1990, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Dictionary<string, OpenPart> parts = [];
    readonly HashSet<string> changed = [], ended = [];
    readonly FingerprintEvent fingerprint = new();
    readonly Dictionary<(string Service, string Release), Dictionary<Fingerprint, Tally>> byOrigin = [];
    readonly HashSet<Fingerprint> refused = new(ReferenceEqualityComparer.Instance);
    Dictionary<Fingerprint, Tally> tallies = new(ReferenceEqualityComparer.Instance); // of the present origin
    (string Service, string Release) origin;
    DateTimeOffset near, now;
    DateTimeOffset? lastErrorAt;
    int texts;
    CrawlCounts counts;

    /// <summary>How many different things have been tallied.</summary>
    public int Tallied { get; private set; }

    /// <summary>Something has been read, or has been completed by silence, since the last take.</summary>
    public bool HasChanges => changed.Count > 0 || ended.Count > 0 || Tallied > 0 || counts != new CrawlCounts();

    /// <param name="state">What was open when the part was left.</param>
    public void Restore(string part, byte[] state) => Part(part).Restore(state, time.GetTimestamp());

    public void Add(LogChunk chunk)
    {
        var name = StoredText.Of(chunk.Part, MaxLabel);
        var part = Part(name);
        part.From = (StoredText.Of(chunk.Labels.Service ?? settings.Service, MaxLabel), StoredText.Of(chunk.Labels.Release ?? settings.Release, MaxLabel));
        (part.Near, part.ReadAt) = (chunk.Near, time.GetTimestamp());
        Begin(part);
        var rest = chunk.Lines.Span;
        var lines = 0L;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.Length > 0 && line[^1] == (byte)'\r') line = line[..^1];
            part.Assembler.Add(line, 1, part.ReadAt);
            lines++;
        }
        counts = counts with { Lines = counts.Lines + lines, Bytes = counts.Bytes + chunk.Lines.Length, DroppedBytes = counts.DroppedBytes + chunk.DroppedBytes };
        ended.Remove(name);
        changed.Add(name);
        if (!chunk.IsEnded) return;
        part.Assembler.Flush();
        parts.Remove(name);
        changed.Remove(name);
        ended.Add(name);
    }

    /// <summary>Takes for complete what nothing was added to for long; to be called when the source has nothing more for now.</summary>
    public void FlushSilent()
    {
        var clock = time.GetTimestamp();
        var before = clock - (long)(settings.Silence.TotalSeconds * time.TimestampFrequency);
        foreach (var (name, part) in parts)
        {
            if (part.Assembler.HasOpenBefore(before))
            {
                Begin(part);
                part.Assembler.FlushSilent(before);
                changed.Add(name);
            }
            else if (time.GetElapsedTime(part.ReadAt, clock) > KeptFor && !changed.Contains(name) && !part.Assembler.HasOpenBefore(long.MaxValue)) parts.Remove(name);
        }
    }

    /// <summary>Nothing more will come: everything open is complete.</summary>
    public void Flush()
    {
        foreach (var (name, part) in parts)
        {
            Begin(part);
            part.Assembler.Flush();
            changed.Add(name);
        }
    }

    /// <summary>What was counted since the last take, with the state to go on from.</summary>
    public Counted Take()
    {
        var carries = new Dictionary<string, byte[]?>();
        foreach (var name in ended) carries[name] = null;
        foreach (var name in changed)
        {
            Begin(parts[name]);
            carries[name] = parts[name].Save(); // may complete events that are too many to keep
        }
        var taken = new Counted(Merged(), carries, counts, lastErrorAt);
        byOrigin.Clear();
        refused.Clear();
        changed.Clear();
        ended.Clear();
        (tallies, Tallied, texts, counts, origin, lastErrorAt) = ([], 0, 0, default, default, null);
        return taken;
    }

    void Begin(OpenPart part)
    {
        (near, now) = (part.Near, time.GetUtcNow());
        if (part.From == origin) return; // never that of a new take: its texts are not null
        origin = part.From;
        if (!byOrigin.TryGetValue(origin, out var own)) byOrigin[origin] = own = new Dictionary<Fingerprint, Tally>(ReferenceEqualityComparer.Instance);
        tallies = own;
    }

    void Take(in AssembledEvent assembled)
    {
        counts.Events++;
        var level = assembled.Level;
        if (level != LogLevel.Unknown && level < settings.CountFrom) return;
        var found = fingerprint.Run(assembled);
        if (level == LogLevel.Unknown) level = found.ImpliedLevel;
        if (level < settings.CountFrom) return;
        counts.Errors++;
        if (!tallies.TryGetValue(found, out var tally))
        {
            if (refused.Contains(found) || !known.Admit(found.Key))
            {
                if (refused.Count < MaxTexts) refused.Add(found);
                counts.DroppedErrors++;
                return;
            }
            tallies[found] = tally = new Tally(found, origin.Service, origin.Release) { Sample = Text(assembled) };
            Tallied++;
        }
        var at = At(assembled);
        lastErrorAt = at;
        tally.Add(at, level);
        if (settings.KeepsEvents && texts++ < MaxTexts) (tally.Texts ??= []).Add((at, Text(assembled)));
    }

    DateTimeOffset At(in AssembledEvent assembled)
    {
        var written = assembled.Header.Time;
        if (written.Length == 0 && !assembled.EnvelopeTime.IsEmpty && ReadTimestamp.TryMatch(assembled.EnvelopeTime, out var around)) written = around;
        if (written.Length == 0 || written.ToInstant(near, settings.Zone) is not { } at || at < Earliest) return (near > Earliest && near < now ? near : now).ToUniversalTime();
        return at > now + MaxAhead ? now : at.ToUniversalTime();
    }

    // Of what is too long the middle is left out: a root cause stands at one end or the other.
    static string Text(in AssembledEvent assembled) => assembled.Text.Length <= MaxSampleBytes ? Encoding.UTF8.GetString(assembled.Text)
        : $"{Encoding.UTF8.GetString(assembled.Text[..(MaxSampleBytes / 2)])}\n…\n{Encoding.UTF8.GetString(assembled.Text[^(MaxSampleBytes / 2)..])}";

    OpenPart Part(string name)
    {
        if (!parts.TryGetValue(name, out var part)) parts[name] = part = new OpenPart(new AssembleEvents(Take, settings.Format));
        return part;
    }

    // One key may have several objects: each way of a trace has its own, and what is kept of messages is forgotten now and then.
    List<Tally> Merged()
    {
        var merged = new Dictionary<(string, string, string), Tally>();
        foreach (var tally in byOrigin.Values.SelectMany(t => t.Values))
            if (!merged.TryAdd((tally.Fingerprint.Key, tally.Service, tally.Release), tally)) merged[(tally.Fingerprint.Key, tally.Service, tally.Release)].Add(tally);
        return [.. merged.Values];
    }
}

/// <summary>What was read since the last take.</summary>
/// <param name="Carries">By part: what is open in it; null: the part has ended.</param>
/// <param name="ErrorAt">The time of the last error; null when there was none.</param>
public sealed record Counted(IReadOnlyList<Tally> Tallies, IReadOnlyDictionary<string, byte[]?> Carries, CrawlCounts Counts, DateTimeOffset? ErrorAt);

/// <param name="Errors">Of the events, those that are errors.</param>
/// <param name="DroppedErrors">Of the errors, those of more new kinds than are kept in so short a time.</param>
public record struct CrawlCounts(long Lines, long Bytes, long Events, long Errors, long DroppedBytes, long DroppedErrors);
