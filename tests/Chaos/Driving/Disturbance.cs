using System.Diagnostics;

namespace Chaos.Driving;

/// <summary>Whether anything is being done to engines or database now, or was until a moment ago.</summary>
public sealed class Disturbance
{
    long active;
    long lastEnd = Stopwatch.GetTimestamp();

    public bool IsActive => Interlocked.Read(ref active) > 0;

    /// <summary>Nothing is wrong, nor was for that long.</summary>
    public bool IsCalm(TimeSpan since) => !IsActive && Stopwatch.GetElapsedTime(Interlocked.Read(ref lastEnd)) > since;

    /// <summary>Something has just been noticed.</summary>
    public void Note() => Interlocked.Exchange(ref lastEnd, Stopwatch.GetTimestamp());

    public async Task DuringAsync(Func<Task> fault)
    {
        Interlocked.Increment(ref active);
        try
        {
            await fault();
        }
        finally
        {
            Note();
            Interlocked.Decrement(ref active);
        }
    }
}
