using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>The time that an attempt has: one deadline at a time, none later than the whole request's. The caller's leaving ends it too.</summary>
/// <param name="endsAt">Of the whole request. All moments are timestamps of the clock.</param>
sealed class AttemptClock(TimeProvider time, long endsAt) : IDisposable
{
    static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(50);

    readonly CancellationTokenSource source = new(Timeout.InfiniteTimeSpan, time);

    public CancellationToken Token => source.Token;

    /// <summary>What it means when the deadline passes.</summary>
    public ErrorKind Meaning { get; private set; }

    public long Now => time.GetTimestamp();

    public long After(long moment, TimeSpan span) => moment + (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>Sets the deadline anew.</summary>
    public void Until(long moment, ErrorKind meaning)
    {
        (Meaning, moment) = moment < endsAt ? (meaning, moment) : (ErrorKind.TooLong, endsAt);
        long now;
        do
        {
            now = time.GetTimestamp();
            var left = time.GetElapsedTime(now, moment);
            if (left <= TimeSpan.Zero)
            {
                source.Cancel();
                return;
            }
            source.CancelAfter(left);
        }
        while (time.GetElapsedTime(now) > Tolerance); // a thread that was stopped in between has set it too late
    }

    /// <summary>As when the deadline passes, now.</summary>
    public void End() => source.Cancel();

    public void Dispose() => source.Dispose();
}
