using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>The time that an attempt has: one deadline at a time, none later than the whole request's. The caller's leaving ends it too.</summary>
sealed class AttemptClock : IDisposable
{
    readonly CancellationTokenSource source;
    readonly TimeProvider time;
    readonly long endsAt;

    /// <param name="endsAt">Of the whole request, as a timestamp.</param>
    public AttemptClock(TimeProvider time, long endsAt)
    {
        (this.time, this.endsAt) = (time, endsAt);
        source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    public CancellationToken Token => source.Token;

    /// <summary>What it means when the deadline passes.</summary>
    public ErrorKind Meaning { get; private set; }

    /// <summary>Sets the deadline anew.</summary>
    public void Allow(TimeSpan span, ErrorKind meaning)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), endsAt);
        (Meaning, span) = span < left ? (meaning, span) : (ErrorKind.TooLong, left);
        source.CancelAfter(span > TimeSpan.Zero ? span : TimeSpan.Zero);
    }

    /// <summary>As when the deadline passes, now.</summary>
    public void End() => source.Cancel();

    public void Dispose() => source.Dispose();
}
