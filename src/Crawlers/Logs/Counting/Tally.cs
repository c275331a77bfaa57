using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Counting;

/// <summary>How often one fingerprint came from one service and release since the last commit.</summary>
public sealed class Tally(Fingerprint fingerprint, string service, string release)
{
    readonly Dictionary<long, int> minutes = [];
    long minute = long.MinValue;
    int inMinute;

    public Fingerprint Fingerprint => fingerprint;

    public string Service => service;

    public string Release => release;

    /// <summary>The worst of its events.</summary>
    public LogLevel Level { get; private set; }

    public long Count { get; private set; }

    public DateTimeOffset FirstSeen { get; private set; } = DateTimeOffset.MaxValue;

    public DateTimeOffset LastSeen { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The text of its first event, as it came.</summary>
    public string Sample { get; set; } = "";

    /// <summary>Texts of its events, where they are kept.</summary>
    public List<(DateTimeOffset At, string Text)>? Texts { get; set; }

    public void Add(DateTimeOffset at, LogLevel level)
    {
        Count++;
        if (level > Level) Level = level;
        if (at < FirstSeen) FirstSeen = at;
        if (at > LastSeen) LastSeen = at;
        var in60 = at.UtcTicks / TimeSpan.TicksPerMinute;
        if (in60 != minute) Turn(in60);
        inMinute++;
    }

    /// <summary>Takes in what another tally of the same has counted.</summary>
    public void Add(Tally other)
    {
        Count += other.Count;
        if (other.Level > Level) Level = other.Level;
        if (other.FirstSeen < FirstSeen) FirstSeen = other.FirstSeen;
        if (other.LastSeen > LastSeen) LastSeen = other.LastSeen;
        foreach (var (at, count) in other.Minutes())
        {
            Turn(at.UtcTicks / TimeSpan.TicksPerMinute);
            inMinute += count;
        }
        if (other.Texts is not null) (Texts ??= []).AddRange(other.Texts);
    }

    /// <summary>Counts by minute, in order.</summary>
    public IEnumerable<(DateTimeOffset At, int Count)> Minutes()
    {
        Turn(long.MinValue);
        return minutes.OrderBy(m => m.Key).Select(m => (new DateTimeOffset(m.Key * TimeSpan.TicksPerMinute, TimeSpan.Zero), m.Value));
    }

    void Turn(long to)
    {
        if (inMinute > 0) minutes[minute] = minutes.GetValueOrDefault(minute) + inMinute;
        (minute, inMinute) = (to, 0);
    }
}
