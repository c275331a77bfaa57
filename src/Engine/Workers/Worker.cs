using System.Collections.Concurrent;
using Engine.Faults;
using Engine.Tasks;
using Npgsql;

namespace Engine.Workers;

/// <summary>
/// One incarnation of a worker, from its registration until it stops or loses its lease: claims ahead of its slots, runs, and
/// reports in batches. As many round trips as there is to say: alone a task is reported at once, under load batches grow
/// by themselves while the one before is on its way.
/// </summary>
public sealed class Worker(WorkerLease lease, WorkerParts parts, Heartbeat heartbeat, RunAttempts attempts, RecentRuns recent)
{
    static readonly TimeSpan PollFloor = TimeSpan.FromSeconds(1);
    static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan Overdue = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan Probation = TimeSpan.FromMinutes(1);

    readonly Dictionary<int, long> marks = [];
    readonly Dictionary<Guid, long> inHand = []; // task → epoch, of all that is claimed and not yet accepted as ended
    readonly HashSet<Guid> solos = [];
    readonly List<FinishedAttempt> unsaid = []; // finished, in an exchange whose outcome is not known
    readonly ConcurrentQueue<Func<ClaimedTask, bool>> returning = [];
    readonly JudgeAttempts judge = new(parts.Limits, recent);
    readonly WakePace pace = new(parts.Time);
    readonly TimeProvider time = parts.Time;
    volatile IReadOnlyDictionary<int, TaskLane> known = new Dictionary<int, TaskLane>();
    ExchangeTasks? exchange;
    NpgsqlConnection? ending;
    long generation, turn, lastFullLook, lastLanes, unhealthySince;
    int? brokenSession;
    string? told;
    double exchangeMs = 1;
    double fullLookMs;
    long lastWatch;
    bool isFailing, isDry, isFull, isDrained, isByWake, isPaced, hasAll;
    volatile bool isWoken = true, needsLanes = true;

    public long WorkerId => lease.WorkerId;

    /// <summary>Claims nothing more; what runs goes on.</summary>
    public bool IsClosing { get; set; }

    public int InHand => inHand.Count;

    public WorkerCondition Condition() => new(attempts.Running, recent.Outcomes(), recent.MeanRunMs(), recent.KindRunMs(), Health());

    /// <summary>Something may be there to claim.</summary>
    /// <param name="woken">The lanes that got something; null: any.</param>
    public void Wake(IReadOnlyCollection<int>? woken)
    {
        if (woken is null || woken.Any(w => !known.ContainsKey(w))) needsLanes = true;
        if (isWoken) return; // the look that follows the one before comes later than this
        isWoken = true;
        attempts.Signal.Set();
    }

    /// <summary>Until the token fires, the lease is lost, or closing has left nothing in hand.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct, lease.Lost);
        while (!ended.IsCancellationRequested && !(IsClosing && inHand.Count == 0))
        {
            try
            {
                var isBusy = await PassAsync(ended.Token);
                if (!isBusy) await RestAsync(ended.Token);
            }
            catch (OperationCanceledException) when (ended.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) // the database: everything in hand stays in hand, and its end is told when it answers again
            {
                // Told once for each reason: an outage lasts, and what comes after it may be another fault.
                if (e.Message != told) parts.Log.ExchangeFailed(WorkerId, e.Message, Fault.Of(e, ct) == FaultKind.Transient ? null : e);
                (isFailing, told) = (true, e.Message);
                await Task.Delay(Pause(), time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await DisconnectAsync();
    }

    /// <summary>Gives back what has not begun.</summary>
    public void ReturnUnstarted(Func<ClaimedTask, bool> which)
    {
        returning.Enqueue(which);
        attempts.Signal.Set();
    }

    /// <returns>Whether there may be more to do at once.</returns>
    async Task<bool> PassAsync(CancellationToken ct)
    {
        if (isFailing || exchange is null) await ConnectAsync(ct);
        if (heartbeat.IsDraining && !isDrained) returning.Enqueue(_ => true);
        isDrained = heartbeat.IsDraining;
        while (returning.TryDequeue(out var which))
            unsaid.AddRange(attempts.TakeUnstarted(which).Select(task => new FinishedAttempt(task, new TaskResult.Returned(), null)));
        if (time.GetElapsedTime(lastWatch) > WatchEvery) Watch();
        var finished = attempts.TakeFinished(parts.Settings.MaxBatch);
        FinishedAttempt[] others = [.. unsaid, .. finished.Where(f => !IsPlain(f))];
        unsaid.Clear();
        var plain = others.Length == 0 ? finished : [.. finished.Where(IsPlain)];
        judge.Add(others.Concat(plain));
        try
        {
            var asking = AskAsync(plain.Count + others.Length, ct);
            await ((Task)asking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var asked = asking.IsCompletedSuccessfully ? await asking : null; // when it failed, what has ended is told all the same
            if (others.Length > 0) await EndAsync(others, ct);
            others = [];
            var isBusy = plain.Count > 0 || asked is not null;
            if (isBusy) await ExchangeAsync(plain, asked, ct);
            isBusy = isBusy && (plain.Count > 0 || !(isDry || hasAll) || attempts.HasFinished);
            plain = [];
            await asking;
            await parts.Limits.ReturnUnusedAsync(ct);
            return await judge.RunAsync(ct) || isBusy;
        }
        catch
        {
            unsaid.AddRange(plain); // said again by id and epoch, which finds what had been accepted already
            unsaid.AddRange(others);
            throw;
        }
    }

    static bool IsPlain(FinishedAttempt attempt) => attempt is { Result: TaskResult.Succeeded, Task.Row.Flags: TaskFlags.None };

    async Task ExchangeAsync(List<FinishedAttempt> plain, AskedClaim? asked, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        var now = time.GetUtcNow();
        var exchanged = await exchange!.RunAsync(plain, asked, now, ct);
        var took = time.GetElapsedTime(started).TotalMilliseconds;
        exchangeMs += 0.2 * (took - exchangeMs);
        if (asked is not null && isFull) fullLookMs = took;
        foreach (var attempt in plain)
        {
            if (exchanged.Accepted.Contains(attempt.Task.Row.TaskId)) Forget(attempt.Task);
            else unsaid.Add(attempt); // its row has moved, or somebody else has it: EndAttempts finds out
        }
        foreach (var row in exchanged.Claimed) Take(row.Place, row.Row, row.ReadyAt, now, row.PayloadJson, row.DryRun, row.DeadlineAt);
        if (asked is null) return;
        foreach (var lane in exchanged.Claimed.GroupBy(c => c.Row.LaneId)) marks[lane.Key] = Math.Max(marks.GetValueOrDefault(lane.Key), lane.Max(c => c.Seq) + 1);
        isDry = exchanged.Claimed.Count == 0;
        hasAll = exchanged.Claimed.Count < asked.Most && asked.Lanes.All(l => l.Most >= asked.Most); // the next end will show whether more has come
        if (!isDry) pace.Found();
        else if (isByWake) pace.FoundNothing();
    }

    void Take(NpgsqlTypes.NpgsqlTid place, TaskRow row, DateTimeOffset readyAt, DateTimeOffset claimedAt, string payload, bool dryRun, DateTimeOffset? deadlineAt)
    {
        var lane = known[row.LaneId];
        inHand[row.TaskId] = row.Epoch;
        if (lane.Solo) solos.Add(row.TaskId);
        parts.Limits.Claimed(lane.Kind, row.TaskId);
        attempts.Add(new ClaimedTask(row, lane.Kind, payload, place, readyAt, claimedAt, dryRun, deadlineAt, lease));
    }

    void Forget(ClaimedTask task)
    {
        if (inHand.TryGetValue(task.Row.TaskId, out var epoch) && epoch == task.Row.Epoch) inHand.Remove(task.Row.TaskId);
        solos.Remove(task.Row.TaskId);
    }

    async Task EndAsync(FinishedAttempt[] others, CancellationToken ct)
    {
        foreach (var task in await EndOrExplainAsync(others, ct))
        {
            parts.Metrics.Refused(task.Kind);
            parts.Log.EndRefused(task.Row.TaskId, task.Row.Epoch);
        }
        foreach (var attempt in others) Forget(attempt.Task);
    }

    /// <summary>One end that cannot be written must not keep the others from it: they are written one by one, and that one says so instead.</summary>
    async Task<IReadOnlyList<ClaimedTask>> EndOrExplainAsync(FinishedAttempt[] others, CancellationToken ct)
    {
        try
        {
            return await parts.EndAttempts.RunAsync(ending!, others, ct);
        }
        catch (Exception e) when (Fault.Of(e, ct) is not FaultKind.Transient and not FaultKind.Cancelled)
        {
            if (others is [var only])
                return await parts.EndAttempts.RunAsync(ending!, [only with { Result = TaskResult.Fail(TaskFault.Persistent, $"its end could not be written: {(e as PostgresException)?.MessageText ?? e.Message}") }], ct);
            var refused = new List<ClaimedTask>();
            foreach (var attempt in others) refused.AddRange(await EndOrExplainAsync([attempt], ct));
            return refused;
        }
    }

    /// <returns>What to claim next; null when nothing is wanted or nothing is to be looked for now.</returns>
    async Task<AskedClaim?> AskAsync(int ending, CancellationToken ct)
    {
        if (IsClosing || heartbeat.IsDraining || !lease.Holds || lease.SinceBeat > lease.Lease / 2) return null;
        var most = Math.Min(Target() - (inHand.Count - ending), parts.Settings.MaxBatch);
        if (most <= 0) return null;
        var sinceFull = time.GetElapsedTime(lastFullLook);
        // A full look costs little unless somebody's old snapshot keeps dead rows from being cleared up: then it becomes rare.
        isByWake = isDry && isWoken && pace.Left == TimeSpan.Zero;
        isFull = sinceFull.TotalMilliseconds > Math.Min(20 * fullLookMs, 1900) && (sinceFull > PollFloor * 0.9 || isByWake);
        isPaced = isDry && isWoken && !isByWake && !isFull;
        if (isDry && !isByWake && !isFull) return null;
        if (isFull) marks.Clear();
        if (isFull) lastFullLook = time.GetTimestamp();
        (var wasWoken, isWoken) = (isWoken, false);
        if (needsLanes || (!wasWoken && time.GetElapsedTime(lastLanes) > PollFloor)) await ReadLanesAsync(ct);
        var limits = await parts.Limits.RunAsync(WorkerId, lease, known.Values, marks, most, ct);
        var asked = ChooseLanes.Decide(known.Values, parts.Abilities, marks, Math.Min(most, limits.Most), limits.Kinds, solos.Count == 0, turn++, time.GetUtcNow());
        if (asked.Count == 0 && isByWake) pace.FoundNothing();
        return asked.Count == 0 ? null : new AskedClaim(WorkerId, generation, Math.Min(most, limits.Most), asked);
    }

    /// <summary>
    /// How many tasks to have in hand: one for each slot, and as many more as the slots would run through in two exchanges;
    /// tasks that take longer than that are not kept from other workers.
    /// </summary>
    int Target()
    {
        var health = Health();
        if (health == WorkerHealth.Unhealthy) return 0;
        var slots = health == WorkerHealth.Degraded ? Math.Max(1, parts.Settings.Slots / 2) : parts.Settings.Slots;
        if (recent.ShortestMs() is not { } shortest || health != WorkerHealth.Healthy) return slots;
        var ahead = slots * 2 * exchangeMs / Math.Max(shortest, 0.001);
        return slots + (int)Math.Min(ahead, 2 * parts.Settings.MaxBatch);
    }

    string Health()
    {
        var health = WorkerHealth.Of(recent.Outcomes(), parts.Slowness);
        if (health != WorkerHealth.Unhealthy) unhealthySince = 0;
        else if (unhealthySince == 0) unhealthySince = time.GetTimestamp();
        else if (time.GetElapsedTime(unhealthySince) > Probation) recent.Forget(); // another chance
        return health;
    }

    async Task ReadLanesAsync(CancellationToken ct)
    {
        needsLanes = false;
        known = (await parts.Lanes.RefreshAsync(ending!, ct)).ToDictionary(l => l.LaneId);
        lastLanes = time.GetTimestamp();
    }

    /// <summary>Begins, or begins again after a failure: finds out what this worker holds.</summary>
    async Task ConnectAsync(CancellationToken ct)
    {
        brokenSession = exchange?.ServerProcessId ?? brokenSession; // kept until it has been ended
        await DisconnectAsync();
        ending = await parts.Connections.OpenAsync(!parts.Tasks.Listen, ct);
        await ReadLanesAsync(ct);
        var adopted = 0;
        if (isFailing)
        {
            (generation, var held) = await parts.Reconcile.RunAsync(WorkerId, brokenSession, ct);
            brokenSession = null;
            foreach (var claim in held)
            {
                if (inHand.TryGetValue(claim.Row.TaskId, out var epoch) && epoch == claim.Row.Epoch) continue;
                Take(claim.Place, claim.Row, claim.ClaimedAt, claim.ClaimedAt, claim.PayloadJson, claim.DryRun, claim.DeadlineAt);
                adopted++;
            }
        }
        exchange = await ExchangeTasks.OpenAsync(parts.Connections, !parts.Tasks.Listen, ct);
        if (isFailing) parts.Log.WorksAgain(WorkerId, adopted);
        (isFailing, isWoken, told) = (false, true, null);
    }

    async Task DisconnectAsync()
    {
        if (exchange is not null) await exchange.DisposeAsync();
        if (ending is not null) await ending.DisposeAsync();
        (exchange, ending) = (null, null);
    }

    async Task RestAsync(CancellationToken ct)
    {
        if (!attempts.MayWait() || unsaid.Count > 0) return;
        var left = PollFloor - time.GetElapsedTime(lastFullLook);
        var rest = inHand.Count > 0 ? WatchEvery : left > TimeSpan.Zero ? Jittered(left) : Overdue; // it may not look now
        if (isPaced && pace.Left is var soon && soon < rest) rest = soon;
        await attempts.Signal.WaitAsync(rest > TimeSpan.FromMilliseconds(1) ? rest : TimeSpan.FromMilliseconds(1), time, ct);
        Watch();
    }

    void Watch()
    {
        lastWatch = time.GetTimestamp();
        attempts.Watch();
    }

    /// <summary>Workers that began together shall not look together.</summary>
    TimeSpan Jittered(TimeSpan rest) => rest * (0.75 + 0.25 * ((WorkerId * 31 + turn * 17) % 100) / 100);

    TimeSpan Pause() => TimeSpan.FromMilliseconds(100 + (WorkerId * 31 + turn++ * 17) % 200);
}
