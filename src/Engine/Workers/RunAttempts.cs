using System.Collections.Concurrent;
using System.Threading.Channels;
using Engine.Tasks;

namespace Engine.Workers;

/// <summary>Runs claimed tasks in a fixed number of slots and collects how they ended.</summary>
public sealed class RunAttempts(TaskKinds kinds, AttemptRecords records, TimeProvider time, WorkerLease lease, WorkerMetrics metrics, RecentRuns recent, ILogger log)
{
    /// <summary>How long an attempt that was told to stop has for it.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    readonly Channel<ClaimedTask> inbox = Channel.CreateUnbounded<ClaimedTask>(new UnboundedChannelOptions { SingleReader = false, SingleWriter = true });
    readonly ConcurrentDictionary<(Guid TaskId, long Epoch), RunningAttempt> running = []; // an earlier attempt of a task may not have stopped yet
    readonly ConcurrentQueue<FinishedAttempt> finished = [];
    readonly List<Task> slots = [];
    int isWaitedFor;

    /// <summary>Set when something has finished while the loop waits.</summary>
    public AsyncSignal Signal { get; } = new();

    public int Running => running.Count;

    public int Waiting => inbox.Reader.Count;

    public bool HasFinished => !finished.IsEmpty;

    public void Start(int count)
    {
        for (var i = 0; i < count; i++) slots.Add(Task.Run(SlotAsync));
    }

    public void Add(ClaimedTask task) => inbox.Writer.TryWrite(task);

    /// <summary>What has finished since, in order, at most so many.</summary>
    public List<FinishedAttempt> TakeFinished(int most)
    {
        var taken = new List<FinishedAttempt>(Math.Min(most, finished.Count));
        while (taken.Count < most && finished.TryDequeue(out var attempt)) taken.Add(attempt);
        return taken;
    }

    /// <summary>To be called before a wait: from here on an end sets the signal.</summary>
    public bool MayWait()
    {
        Volatile.Write(ref isWaitedFor, 1);
        return finished.IsEmpty;
    }

    /// <summary>Takes back what has not begun.</summary>
    /// <param name="which">Null: all of it.</param>
    public List<ClaimedTask> TakeUnstarted(Func<ClaimedTask, bool>? which)
    {
        var taken = new List<ClaimedTask>();
        for (var left = inbox.Reader.Count; left > 0 && inbox.Reader.TryRead(out var task); left--)
        {
            if (which is null || which(task)) taken.Add(task);
            else inbox.Writer.TryWrite(task);
        }
        return taken;
    }

    /// <summary>Nothing new begins.</summary>
    public void Close() => inbox.Writer.TryComplete();

    /// <summary>Tells one attempt to stop, if it is here: its task was taken from it.</summary>
    public void Stop(Guid taskId, string reason)
    {
        foreach (var attempt in running.Values)
            if (attempt.Task.Row.TaskId == taskId) attempt.Stop(reason, returned: true);
    }

    /// <summary>Tells all attempts to stop.</summary>
    /// <param name="returned">Their tasks go back unharmed.</param>
    public void StopAll(string reason, bool returned)
    {
        foreach (var attempt in running.Values) attempt.Stop(reason, returned);
    }

    /// <summary>Stops what runs too long, and ends by itself what does not stop; a slot that is lost so is replaced.</summary>
    public void Watch()
    {
        foreach (var attempt in running.Values)
        {
            var ran = time.GetElapsedTime(attempt.StartedAt);
            if (ran > attempt.Kind.RunLimit) attempt.Stop($"ran past its limit of {attempt.Kind.RunLimit}", returned: false);
            else if (attempt.Task.DeadlineAt < time.GetUtcNow()) attempt.Stop($"its deadline {attempt.Task.DeadlineAt:O} has passed", returned: false);
            if (ran < attempt.Kind.RunLimit + Grace || !attempt.TryEnd()) continue;
            log.DoesNotStop(attempt.Task.Row.TaskId, attempt.Task.Kind, attempt.Kind.RunLimit);
            Collect(attempt, TaskResult.Fail(TaskFault.TaskFault, $"{attempt.StopReason} and did not stop within {Grace}"), null);
            slots.Add(Task.Run(SlotAsync));
        }
    }

    async Task SlotAsync()
    {
        await foreach (var task in inbox.Reader.ReadAllAsync())
            if (!await RunAsync(task)) return; // the watch has put another slot in this one's place
    }

    /// <returns>False when the attempt had been ended for it.</returns>
    async Task<bool> RunAsync(ClaimedTask task)
    {
        var kind = kinds.Find(task.Kind)!;
        var attempt = new RunningAttempt(task, kind, time.GetTimestamp());
        running[(task.Row.TaskId, task.Row.Epoch)] = attempt;
        if (!lease.Holds) attempt.Stop("its worker has lost its lease", returned: true);
        metrics.Began(task, time);
        TaskResult result;
        Exception? fault = null;
        try
        {
            if (task.DeadlineAt <= time.GetUtcNow()) result = TaskResult.Fail(TaskFault.Persistent, "its deadline passed before it began");
            else
            {
                var work = kind.RunAsync(new TaskContext(task, records), attempt.Token);
                result = TaskResult.Checked(await work.ConfigureAwait(false));
            }
        }
        catch (Exception e) // the outermost edge of a handler: whatever it was, it is this attempt's end
        {
            (result, fault) = (Of(e, attempt), e);
        }
        if (!attempt.TryEnd()) return false;
        Collect(attempt, result, fault);
        attempt.Dispose();
        return true;
    }

    TaskResult Of(Exception e, RunningAttempt attempt) =>
        e is NotOwnerException ? new TaskResult.Returned() // or not sure for a moment that it was: nothing is wrong with the task
        : attempt.IsReturned && e is OperationCanceledException ? new TaskResult.Returned()
        : attempt.StopReason is { } reason && e is OperationCanceledException ? TaskResult.Fail(TaskFault.Transient, reason)
        : AfterRefusal.Of(e, attempt.Task.Row.TaskId, time.GetUtcNow()) ?? TaskResult.Fail(AfterFailure.FaultOf(e, attempt.Token), EndedAttempt.Shown($"{e.GetType().Name}: {e.Message}")!);

    void Collect(RunningAttempt attempt, TaskResult result, Exception? fault)
    {
        running.TryRemove((attempt.Task.Row.TaskId, attempt.Task.Row.Epoch), out _);
        var ran = time.GetElapsedTime(attempt.StartedAt);
        recent.Add(attempt.Task.Kind, result, ran);
        metrics.Ended(attempt.Task, result, ran);
        if (result is TaskResult.Failed failed)
            log.AttemptFailed(attempt.Task.Row.TaskId, attempt.Task.Kind, EndAttempts.Name(failed.Fault), attempt.Task.Row.Epoch, failed.Reason, fault);
        finished.Enqueue(new FinishedAttempt(attempt.Task, result, fault));
        if (Interlocked.Exchange(ref isWaitedFor, 0) == 1) Signal.Set();
    }
}
