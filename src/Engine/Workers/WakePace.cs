namespace Engine.Workers;

/// <summary>
/// How soon a worker follows a wake: at once, unless wakes of this moment have led to nothing. Then the next look waits, each time
/// longer, so that a storm of notifications does not become one of claims.
/// </summary>
public sealed class WakePace(TimeProvider time)
{
    static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1), Longest = TimeSpan.FromMilliseconds(20);

    TimeSpan pause;
    long lastInVain;

    /// <summary>How long the next look is to wait still.</summary>
    public TimeSpan Left => pause > TimeSpan.Zero && time.GetElapsedTime(lastInVain) is var since && since < pause ? pause - since : TimeSpan.Zero;

    /// <summary>There was something.</summary>
    public void Found() => pause = TimeSpan.Zero;

    /// <summary>A look to which a wake had led found nothing.</summary>
    public void FoundNothing()
    {
        var isStorm = pause > TimeSpan.Zero && time.GetElapsedTime(lastInVain) < 2 * Longest;
        pause = !isStorm ? Shortest : pause * 2 < Longest ? pause * 2 : Longest;
        lastInVain = time.GetTimestamp();
    }
}
