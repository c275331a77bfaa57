using System.Runtime.InteropServices;
using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <param name="Lines">Numbers of its lines, 1-based.</param>
/// <param name="Group">The key of the group after the aliases of the run.</param>
public sealed record FingerprintedEvent(IReadOnlyList<long> Lines, LogLevel Level, Fingerprint Fingerprint, string Group);

/// <summary>The events of a whole source with their fingerprints, and with the groups that are known when all of it was read.</summary>
public sealed class FingerprintRun
{
    readonly List<Row> rows = [];
    readonly List<long> numbers = [];
    readonly HashSet<Fingerprint> seen = new(ReferenceEqualityComparer.Instance);

    readonly record struct Row(int FirstNumber, int Count, LogLevel Level, Fingerprint Fingerprint);

    /// <summary>What was learned, by the key that it is for.</summary>
    public IReadOnlyDictionary<string, Alias> Aliases { get; private set; } = new Dictionary<string, Alias>();

    public int Count => rows.Count;

    /// <summary>Bytes of lines that were longer than is kept.</summary>
    public long DroppedBytes { get; private set; }

    public static FingerprintRun Of(Stream source, LogFormat format, CancellationToken ct)
    {
        var run = new FingerprintRun();
        var fingerprint = new FingerprintEvent();
        var assemble = new AssembleEvents((in AssembledEvent assembled) => run.Take(assembled, fingerprint.Run(assembled)), format);
        var reader = new LineReader(source);
        for (var number = 1L; reader.TryRead(out var line); number++)
        {
            assemble.Add(line, number);
            if (number % 4096 == 0) ct.ThrowIfCancellationRequested();
        }
        assemble.Flush();
        run.DroppedBytes = reader.DroppedBytes;
        run.Aliases = LearnAliases.From(run.seen);
        return run;
    }

    /// <summary>In order of their first lines.</summary>
    public IEnumerable<FingerprintedEvent> Events()
    {
        rows.Sort((a, b) => numbers[a.FirstNumber].CompareTo(numbers[b.FirstNumber]));
        foreach (var row in rows)
        {
            var group = Aliases.TryGetValue(row.Fingerprint.Key, out var alias) ? alias.To : row.Fingerprint.Key;
            yield return new FingerprintedEvent([.. CollectionsMarshal.AsSpan(numbers).Slice(row.FirstNumber, row.Count)], row.Level, row.Fingerprint, group);
        }
    }

    void Take(in AssembledEvent assembled, Fingerprint fingerprint)
    {
        if (assembled.Lines.IsEmpty) return;
        seen.Add(fingerprint);
        rows.Add(new Row(numbers.Count, assembled.Lines.Length, assembled.Level != LogLevel.Unknown ? assembled.Level : fingerprint.ImpliedLevel, fingerprint));
        numbers.AddRange(assembled.Lines);
    }
}
