using System.Collections.Concurrent;
using Routing.Budgets;

namespace Routing.Calls;

/// <summary>
/// Where every attempted call is entered before it leaves and closed when it has ended: its money held in all budgets that it falls under,
/// its row in <c>model_selections</c>, its end settled. Nothing is called past it. This is the front: it gathers what callers tell, and
/// <see cref="LedgerLoop"/> writes it.
/// </summary>
public sealed class CallLedger(LedgerOptions options, TimeProvider time)
{
    readonly ConcurrentQueue<Opening> openings = [];
    readonly ConcurrentQueue<Closing> closings = [];
    readonly ConcurrentQueue<(Guid SelectionId, string GenerationId)> generations = [];
    readonly ConcurrentQueue<BudgetLook> looks = [];
    readonly ConcurrentQueue<(long Upto, TaskCompletionSource Done)> flushes = [];
    TaskCompletionSource? sleeper; // the loop, while it waits
    int isTold;
    long told;

    /// <summary>More than that is no money of a call, and no row holds much more.</summary>
    public static readonly NanoUsd Most = NanoUsd.Ceiling(PutBudget.MostUsd);

    /// <summary>Holds the money and writes the row; both are durable when this returns. A refusal leaves nothing behind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no amount that a call can hold or cost.</exception>
    /// <exception cref="TimeoutException">The database did not answer; nothing may be called.</exception>
    public async Task<CallOpening> OpenAsync(NewCall call, CancellationToken ct)
    {
        Check(call.SelectionId, "hold", call.Hold.Usd);
        Check(call.SelectionId, "be estimated at", call.EstimatedUsd);
        var opening = new Opening(call, time.GetTimestamp() + (long)(options.Patience.TotalSeconds * time.TimestampFrequency));
        openings.Enqueue(opening);
        Wake();
        using var left = ct.UnsafeRegister(static (o, token) => ((Opening)o!).Abandon(token), opening);
        using var late = new CancellationTokenSource(options.OpenTimeout + options.Patience, time);
        using var timeout = late.Token.UnsafeRegister(static o => ((Opening)o!).Fail(new TimeoutException("The call could not be entered in time: the database does not answer.")), opening);
        return await opening.Answer;
    }

    /// <summary>Keeps the provider's name for a call as soon as it is known, so that its cost can be asked for whatever happens to this process.</summary>
    public void NoteGeneration(OpenCall call, string generationId)
    {
        generations.Enqueue((call.SelectionId, generationId));
        Wake();
    }

    /// <summary>Tells how a call went, once. The row follows in a batch, also when the process is stopping.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no amount that a call can cost; the call is not closed.</exception>
    /// <exception cref="InvalidOperationException">It was closed before.</exception>
    public void Close(OpenCall call, CallEnd end)
    {
        Check(call.SelectionId, "cost", end.CostUsd);
        call.CloseOnce();
        closings.Enqueue(new Closing(call, end));
        Interlocked.Increment(ref told);
        Wake();
    }

    /// <summary>When everything that was closed so far is in the database.</summary>
    public Task FlushAsync(CancellationToken ct)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        flushes.Enqueue((Interlocked.Read(ref told), done));
        Wake();
        return done.Task.WaitAsync(ct);
    }

    /// <summary>Something is known of budgets that was not.</summary>
    public void Tell(BudgetLook look)
    {
        looks.Enqueue(look);
        Wake();
    }

    internal bool HasNothing => openings.IsEmpty && closings.IsEmpty && generations.IsEmpty && looks.IsEmpty;

    /// <summary>Somebody waits, or budgets have changed; ends and names can wait for a moment.</summary>
    internal bool IsUrgent => !openings.IsEmpty || !looks.IsEmpty || !flushes.IsEmpty;

    internal bool TryTake(out Opening opening) => openings.TryDequeue(out opening!);

    internal bool TryTake(out Closing closing) => closings.TryDequeue(out closing!);

    internal bool TryTake(out (Guid SelectionId, string GenerationId) note) => generations.TryDequeue(out note);

    internal bool TryTake(out BudgetLook look) => looks.TryDequeue(out look!);

    /// <summary>Its transaction may not have been committed: it is told again.</summary>
    internal void Again(Closing closing) => closings.Enqueue(closing);

    /// <param name="written">How many ends have been written, over all time.</param>
    internal void Flushed(long written)
    {
        while (flushes.TryPeek(out var flush) && flush.Upto <= written && flushes.TryDequeue(out flush)) flush.Done.TrySetResult();
    }

    /// <summary>Until something is told, or for so long.</summary>
    internal async Task WaitAsync(TimeSpan atMost, CancellationToken ct)
    {
        if (atMost <= TimeSpan.Zero) return;
        var sleep = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref sleeper, sleep);
        if (Interlocked.Exchange(ref isTold, 0) != 0) return; // meanwhile
        await using var late = time.CreateTimer(static o => ((TaskCompletionSource)o!).TrySetResult(), sleep, atMost, Timeout.InfiniteTimeSpan);
        await using var leaving = ct.UnsafeRegister(static o => ((TaskCompletionSource)o!).TrySetResult(), sleep);
        await sleep.Task;
        Interlocked.Exchange(ref isTold, 0);
    }

    /// <summary>What the table refuses must not get as far as there: it would be refused together with everything that is written with it, again and again.</summary>
    static void Check(Guid selectionId, string can, decimal usd)
    {
        if (usd < 0 || usd > Most.Usd)
            throw new ArgumentOutOfRangeException(nameof(usd), usd, $"A call can {can} from {NanoUsd.Zero} to {Most}; call {selectionId} has another amount.");
    }

    void Wake()
    {
        if (Interlocked.Exchange(ref isTold, 1) == 0) Volatile.Read(ref sleeper)?.TrySetResult();
    }
}

/// <summary>What became of the wish to call.</summary>
public abstract record CallOpening
{
    CallOpening() { } // closed: the kinds below are all there are

    public sealed record Opened(OpenCall Call) : CallOpening;

    public sealed record Refused(BudgetRefusal Refusal) : CallOpening;
}
