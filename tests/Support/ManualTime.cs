namespace Support;

/// <summary>A clock that moves only when a test moves it; wall clock and monotonic clock can be moved apart.</summary>
public sealed class ManualTime : TimeProvider
{
    readonly Lock gate = new();
    readonly List<ManualTimer> timers = [];
    DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    long timestamp = 1;

    public override DateTimeOffset GetUtcNow() { lock (gate) return now; }

    public override long GetTimestamp() { lock (gate) return timestamp; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Lets time pass: both clocks move and due timers fire, on the caller's thread.</summary>
    public void Advance(TimeSpan span)
    {
        ManualTimer[] due;
        lock (gate)
        {
            now += span;
            timestamp += span.Ticks;
            due = [.. timers.Where(t => t.DueAt <= timestamp)];
        }
        foreach (var timer in due) timer.Fire();
    }

    /// <summary>Sets the wall clock as somebody with a wrong watch would; no time passes.</summary>
    public void JumpWallClock(TimeSpan span) { lock (gate) now += span; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (gate) timers.Add(timer);
        return timer;
    }

    sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        TimeSpan every = Timeout.InfiniteTimeSpan;

        public long DueAt { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            every = period;
            DueAt = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.GetTimestamp() + dueTime.Ticks;
            return true;
        }

        public void Fire()
        {
            DueAt = every > TimeSpan.Zero ? time.GetTimestamp() + every.Ticks : long.MaxValue;
            callback(state);
        }

        public void Dispose() { lock (time.gate) time.timers.Remove(this); }

        public ValueTask DisposeAsync() { Dispose(); return ValueTask.CompletedTask; }
    }
}
