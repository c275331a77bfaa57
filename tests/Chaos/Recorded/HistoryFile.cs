using System.Text.Json;

namespace Chaos.Recorded;

/// <summary>A run's history on disk, one JSON line an entry, so that it can be checked again and looked into.</summary>
public sealed class HistoryFile(string path) : IDisposable
{
    readonly Lock guard = new();
    readonly StreamWriter writer = new(path) { AutoFlush = true };
    readonly List<RecordedFiling> filings = [];
    readonly List<WorldEvent> events = [];
    readonly List<RecordedDecision> decisions = [];
    readonly List<QueueSample> samples = [];

    public string Path => path;

    public IReadOnlyList<WorldEvent> EventsSoFar() { lock (guard) return [.. events]; }

    public void Add(RecordedFiling filing) => Add(filings, filing, new Line { Filing = filing });

    public void Add(WorldEvent happened) => Add(events, happened, new Line { Event = happened });

    public void Add(RecordedDecision decision) => Add(decisions, decision, new Line { Decision = decision });

    public void Add(QueueSample sample) => Add(samples, sample, new Line { Sample = sample });

    /// <summary>The whole of it, once the tables were read.</summary>
    public History End(EndTables tables, bool isDrained)
    {
        lock (guard)
        {
            Write(new Line { Tables = tables, IsDrained = isDrained });
            return new History { Filings = [.. filings], Events = [.. events], Decisions = [.. decisions], Samples = [.. samples], Tables = tables, IsDrained = isDrained };
        }
    }

    public static History Read(string path)
    {
        var lines = File.ReadLines(path).Select(l => JsonSerializer.Deserialize<Line>(l)!).ToArray();
        var end = lines.LastOrDefault(l => l.Tables is not null) ?? throw new InvalidDataException($"{path} has no end: the run broke off.");
        return new History
        {
            Filings = [.. lines.Select(l => l.Filing).OfType<RecordedFiling>()],
            Events = [.. lines.Select(l => l.Event).OfType<WorldEvent>()],
            Decisions = [.. lines.Select(l => l.Decision).OfType<RecordedDecision>()],
            Samples = [.. lines.Select(l => l.Sample).OfType<QueueSample>()],
            Tables = end.Tables!,
            IsDrained = end.IsDrained,
        };
    }

    public void Dispose() => writer.Dispose();

    void Add<T>(List<T> list, T entry, Line line)
    {
        lock (guard)
        {
            list.Add(entry);
            Write(line);
        }
    }

    void Write(Line line) => writer.WriteLine(JsonSerializer.Serialize(line, Options));

    static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    sealed record Line
    {
        public RecordedFiling? Filing { get; init; }
        public WorldEvent? Event { get; init; }
        public RecordedDecision? Decision { get; init; }
        public QueueSample? Sample { get; init; }
        public EndTables? Tables { get; init; }
        public bool IsDrained { get; init; }
    }
}
