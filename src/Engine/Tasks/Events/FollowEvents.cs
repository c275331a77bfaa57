using System.Collections.Concurrent;

namespace Engine.Tasks.Events;

/// <summary>
/// Reads the events once for all who follow them in this process, and not at all while nobody does. Tasks of the last two days
/// are looked at often; how often older ones are depends on what that costs.
/// </summary>
public sealed class FollowEvents(ReadEvents read, TaskLanes lanes, TimeProvider time, ILogger<FollowEvents> log) : BackgroundService
{
    const int MostSubscriptions = 200, MostInPass = 20_000, MostKnown = 500_000;

    static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250), Longest = TimeSpan.FromSeconds(15), AfterFailure = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<EventSubscription, bool> subscriptions = new();
    readonly SemaphoreSlim arrived = new(0, 1);
    readonly SemaphoreSlim turn = new(1, 1);
    readonly Dictionary<string, DateTimeOffset> known = new(StringComparer.Ordinal); // sent lately, by id
    readonly Reading recent = new(), older = new();
    bool isFailing;

    /// <summary>From now on; to be ended by <see cref="Leave"/>.</summary>
    /// <returns>Null when there are too many already.</returns>
    public async Task<EventSubscription?> JoinAsync(EventFilter filter, CancellationToken ct)
    {
        await turn.WaitAsync(ct);
        try
        {
            if (subscriptions.Count >= MostSubscriptions) return null;
            if (subscriptions.IsEmpty || recent.Cursor is null) await BeginAsync(ct);
            var subscription = new EventSubscription(filter, Position);
            subscriptions[subscription] = true;
            if (arrived.CurrentCount == 0) arrived.Release();
            return subscription;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Leave(EventSubscription subscription)
    {
        subscriptions.TryRemove(subscription, out _);
        subscription.End();
    }

    /// <returns>How long to rest at most.</returns>
    public async Task<TimeSpan> RunOnceAsync(CancellationToken ct)
    {
        await turn.WaitAsync(ct);
        try
        {
            if (subscriptions.IsEmpty || recent.Cursor is null) return Shortest;
            var border = FirstIdOf(time.GetUtcNow().UtcDateTime.Date.AddDays(-1));
            if (recent.IsDue(time)) await PassAsync(recent, TaskRange.All with { First = border }, ct);
            if (older.IsDue(time)) await PassAsync(older, TaskRange.All with { Before = border }, ct);
            foreach (var subscription in subscriptions.Keys) subscription.Advance(Position);
            foreach (var (id, _) in known.Where(k => k.Value < Position)) known.Remove(id);
            return recent.Rest(time);
        }
        finally
        {
            turn.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (subscriptions.IsEmpty) await arrived.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var rest = AfterFailure;
            try
            {
                rest = await RunOnceAsync(stoppingToken);
                isFailing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.FollowFailed(e); // the cursors stay: nothing is missed
                isFailing = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(rest, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override void Dispose()
    {
        arrived.Dispose();
        turn.Dispose();
        base.Dispose();
    }

    DateTimeOffset Position => recent.Cursor!.From < older.Cursor!.From ? recent.Cursor.From : older.Cursor.From;

    async Task BeginAsync(CancellationToken ct)
    {
        recent.Cursor = older.Cursor = await read.BeginAsync(ct);
        recent.Due = older.Due = 0;
        known.Clear();
    }

    async Task PassAsync(Reading reading, TaskRange range, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var pass = await read.RunAsync(reading.Cursor!, range, Wanted(), MostInPass, ct);
        if (pass.IsCut || known.Count > MostKnown)
        {
            CutTheWide();
            if (subscriptions.IsEmpty) return;
            pass = await read.RunAsync(reading.Cursor!, range, Wanted(), int.MaxValue - 1, ct);
        }
        var position = Position;
        foreach (var e in pass.Events)
            if (known.TryAdd(e.EventId, e.At)) await SendAsync(e, position, ct);
        reading.Cursor = pass.Next;
        reading.Follow(time, time.GetElapsedTime(started));
    }

    async Task SendAsync(TaskEvent e, DateTimeOffset position, CancellationToken ct)
    {
        var kind = (await lanes.FindAsync(e.LaneId, ct)).Kind;
        SentEvent? sent = null;
        foreach (var subscription in subscriptions.Keys)
            if (subscription.Filter.Passes(e, kind) && !subscription.Send(sent ??= new SentEvent(e, kind, position)))
                subscriptions.TryRemove(subscription, out _);
    }

    /// <summary>What all of them together want: single tasks only when nobody wants more.</summary>
    EventFilter Wanted()
    {
        var all = subscriptions.Keys.Select(s => s.Filter).ToArray();
        return EventFilter.Of(
            all.All(f => f.TaskIds.Count > 0) ? all.SelectMany(f => f.TaskIds) : [],
            all.All(f => f.Kinds.Count > 0) ? all.SelectMany(f => f.Kinds) : [], []);
    }

    /// <summary>More happens than can be sent: who follows single tasks goes on, the others are told to catch up.</summary>
    void CutTheWide()
    {
        foreach (var subscription in subscriptions.Keys.Where(s => s.Filter.TaskIds.Count == 0))
        {
            subscription.Cut();
            subscriptions.TryRemove(subscription, out _);
        }
        if (known.Count > MostKnown) known.Clear();
        log.TooMuchToFollow();
    }

    static Guid FirstIdOf(DateTime day) => ListTasks.FirstIdOf(new DateTimeOffset(day, TimeSpan.Zero));

    /// <summary>One range of tasks: how far it has been read, and when it is looked at next.</summary>
    sealed class Reading
    {
        public EventCursor? Cursor { get; set; }

        /// <summary>By the monotonic clock.</summary>
        public long Due { get; set; }

        public bool IsDue(TimeProvider time) => time.GetTimestamp() >= Due;

        public TimeSpan Rest(TimeProvider time) => time.GetTimestamp() is var now && now < Due ? time.GetElapsedTime(now, Due) : TimeSpan.Zero;

        /// <summary>The database shall have twenty times as long for others.</summary>
        public void Follow(TimeProvider time, TimeSpan took)
        {
            var rest = 20 * took;
            rest = rest < Shortest ? Shortest : rest > Longest ? Longest : rest;
            Due = time.GetTimestamp() + (long)(rest.TotalSeconds * time.TimestampFrequency);
        }
    }
}
