using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Budgets;

namespace Routing.Calls;

/// <summary>
/// Writes the ledger: what has gathered while the transaction before was on its way, so that a call alone costs one round trip and many at once share one.
/// Ends wait for the next beginning for a moment, and without one they do not wait for the disk: if the server crashes, they are told again.
/// Holds are taken from this process's slices; where those do not do, under the lock of the windows.
/// </summary>
/// <param name="connectAsync">Opens the connection that it keeps; not one that other work may use up.</param>
public sealed class LedgerLoop(Func<CancellationToken, ValueTask<NpgsqlConnection>> connectAsync, CallLedger ledger, LedgerOptions options, CurrentBudgets budgets, Holders holders,
    CorrectCosts correct, TimeProvider time, ILogger<LedgerLoop> log) : IAsyncDisposable
{
    const int MostInPass = 500, MostLazy = 5_000;

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200), Again = TimeSpan.FromMilliseconds(25), Idle = TimeSpan.FromSeconds(30), Linger = TimeSpan.FromMilliseconds(10);

    readonly LocalSlices slices = new(time);
    readonly Dictionary<Guid, OpenCall> open = [];
    readonly List<Closing> late = []; // of a holder that was given up: their rows are closed already
    List<Opening> waiting = [], taken = []; // taken: what the present pass is at
    List<Closing> ending = [];
    readonly List<Closing> lazily = []; // written, and not yet known to be on the disk
    readonly List<(Guid SelectionId, string GenerationId)> notes = [];
    WriteLedger? writer;
    long generation, beatAt, written;

    /// <summary>This start of this process, as budgets know it; empty before it is entered.</summary>
    public Guid HolderId { get; private set; }

    /// <summary>Until the token fires; then what has ended is written, and what is left of the slices goes back.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var isFailing = false;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await PassAsync(CancellationToken.None); // what is begun is not left in the middle
                if (isFailing) log.WritesAgain();
                isFailing = false;
                if (ledger.HasNothing) await ledger.WaitAsync(waiting.Count > 0 ? Again : Min(options.Lease / 3 - time.GetElapsedTime(beatAt), Idle), ct);
                await LingerAsync(ct);
            }
            catch (PostgresException e) when (e.SqlState == "EB002") // they are read anew
            {
                await DisposeAsync();
            }
            catch (Exception e) // the database: all that was told stays told, and is written when it answers again
            {
                if (!isFailing) log.CannotWrite(e.Message, e is NpgsqlException ? null : e);
                isFailing = true;
                await DisposeAsync();
                await Task.Delay(Pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (writer is not null) await writer.DisposeAsync();
        writer = null;
    }

    async Task PassAsync(CancellationToken ct)
    {
        await ConnectAsync(ct);
        var pass = new LedgerPass { Closed = TakeClosings(), Notes = TakeNotes() };
        var recalled = new HashSet<Guid>();
        while (ledger.TryTake(out BudgetLook look))
        {
            foreach (var (budgetId, key) in look.Tight) slices.MakeExact(budgetId, key);
            recalled.UnionWith(look.Changed);
        }
        foreach (var closing in pass.Closed) slices.Settle(closing.Call.Windows, closing.Call.Call.Hold, closing.CoveredUsd);
        var book = budgets.Book; // one for the pass: it is read anew beside it, and what is held by an older one must not be written as if it were held by the newer
        var needing = TakeOpenings(pass, book);
        pass.GivenBack = slices.TakeFree(Idle, recalled);
        pass.Count();
        await WriteAsync(pass, needing, book.Change, ct);

        foreach (var closing in pass.Closed) open.Remove(closing.Call.SelectionId);
        foreach (var opening in pass.Opened) Opened(opening);
        foreach (var (opening, refusal) in pass.Refused) opening.Tell(new CallOpening.Refused(refusal));
        written += pass.Closed.Count;
        (ending, taken) = ([], []);
        notes.Clear();
        await correct.RunAsync([.. late.Select(c => (c.Call.SelectionId, c.End))], ct);
        written += late.Count;
        late.Clear();
        ledger.Flushed(written);
    }

    List<Closing> TakeClosings()
    {
        while (ending.Count < MostInPass && ledger.TryTake(out Closing closing))
        {
            var call = closing.Call.Call;
            if (closing.CostUsd > call.Hold.Usd) log.CostOverHold(call.SelectionId, call.Provider, call.Model, closing.CostUsd, call.Hold.Usd);
            (closing.Call.HolderId == HolderId ? ending : late).Add(closing);
        }
        return ending;
    }

    /// <returns>Those that the slices have no room for; the others are held and in the pass.</returns>
    List<Opening> TakeOpenings(LedgerPass pass, BudgetBook book)
    {
        (taken, waiting) = (waiting, []);
        while (taken.Count < MostInPass && ledger.TryTake(out Opening opening)) taken.Add(opening);
        var needing = new List<Opening>();
        var now = time.GetUtcNow();
        foreach (var opening in taken.Where(o => !o.Answer.IsCompleted)) // else its caller has left
        {
            var call = opening.Call;
            opening.Windows = book.WindowsOf(call.Origin, call.Policy, call.Provider, call.Model, now);
            if (needing.Count == 0 && slices.TryHold(opening.Windows, opening.Call.Hold)) pass.Opened.Add(opening);
            else needing.Add(opening);
        }
        return needing;
    }

    /// <param name="change">Of the budgets that the pass goes by.</param>
    async Task WriteAsync(LedgerPass pass, List<Opening> needing, long change, CancellationToken ct)
    {
        var isDue = time.GetElapsedTime(beatAt) > options.Lease / 3;
        if (!isDue && needing.Count == 0 && pass.IsEmpty) return;
        var isLazy = !isDue && needing.Count == 0 && pass.Opened.Count == 0 && lazily.Count < MostLazy;
        var (before, now) = (time.GetTimestamp(), time.GetUtcNow());
        DateTimeOffset? leaseUntil = isDue ? now + options.Lease : null;
        if (needing.Count == 0)
        {
            await writer!.RunAsync(pass, isLazy, now, leaseUntil, change, ct);
        }
        else
        {
            var windows = needing.SelectMany(o => o.Windows).Concat(pass.Changes.Values.Select(c => c.Window)).DistinctBy(w => (w.BudgetId, w.Key)).ToArray();
            await writer!.RunAsync(pass, windows, locked => new GrantHolds(slices, budgets, time).Decide(pass, needing, waiting, locked),
                now, leaseUntil, change, ct);
        }
        if (isDue) beatAt = before;
        if (isLazy) lazily.AddRange(pass.Closed);
        else lazily.Clear(); // what is written later is not on the disk earlier
    }

    void Opened(Opening opening)
    {
        var call = new OpenCall(opening.Call, opening.Windows, HolderId);
        open[call.SelectionId] = call;
        if (!opening.Tell(new CallOpening.Opened(call))) ledger.Close(call, CallEnd.NeverMade); // its caller left meanwhile
    }

    List<(Guid SelectionId, string GenerationId)> TakeNotes()
    {
        while (notes.Count < MostInPass && ledger.TryTake(out (Guid SelectionId, string GenerationId) note)) notes.Add(note);
        if (notes.Count > 0) notes.RemoveAll(n => !open.ContainsKey(n.SelectionId) || ending.Exists(c => c.Call.SelectionId == n.SelectionId)); // an end says it by itself
        return notes;
    }

    /// <summary>Ends alone wait for a moment: the next call that is entered takes them along.</summary>
    async Task LingerAsync(CancellationToken ct)
    {
        var began = time.GetTimestamp();
        while (waiting.Count == 0 && !ledger.HasNothing && !ledger.IsUrgent && !ct.IsCancellationRequested && Linger - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero)
            await ledger.WaitAsync(left, ct);
    }

    /// <summary>Begins, or begins again after a break: finds out what was written, under a generation that shuts out what is still on its way.</summary>
    async Task ConnectAsync(CancellationToken ct)
    {
        if (writer is not null) return;
        var connection = await connectAsync(ct);
        try
        {
            var before = time.GetTimestamp();
            if (HolderId != Guid.Empty && await holders.RaiseAsync(connection, HolderId, options.Lease, ct) is { } raised) await GoOnAsync(connection, raised, ct);
            else await BeginAsync(connection, ct);
            beatAt = before;
            writer = new WriteLedger(connection, HolderId, generation, prepares: options.Listen);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    async Task GoOnAsync(NpgsqlConnection connection, long raised, CancellationToken ct)
    {
        var granted = await RecoverLedger.SlicesAsync(connection, HolderId, ct);
        var outcomes = await RecoverLedger.OutcomesAsync(connection, InDoubt(), ct);
        generation = raised;
        ledger.Tell(await budgets.RefreshAsync(connection, HolderId, ct));
        foreach (var opening in taken)
        {
            if (outcomes.ContainsKey(opening.Call.SelectionId)) Opened(opening);
            else waiting.Add(opening);
        }
        Resay(outcomes);
        slices.Reset(granted, open.Values.Select(c => (c.Windows, c.Call.Hold))); // what is said again holds until it is written
    }

    /// <summary>As another holder: the first time, or because this one was given up by others while the database was away.</summary>
    async Task BeginAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var before = HolderId;
        if (before != Guid.Empty) await holders.EndAsync(connection, before, isOwn: true, ct);
        var outcomes = await RecoverLedger.OutcomesAsync(connection, InDoubt(), ct);
        await budgets.RefreshAsync(connection, before, ct);
        (HolderId, generation) = (await holders.EnterAsync(connection, options.Lease, ct), 1);
        foreach (var opening in taken)
        {
            if (!outcomes.ContainsKey(opening.Call.SelectionId))
            {
                waiting.Add(opening);
                continue;
            }
            ledger.Close(new OpenCall(opening.Call, opening.Windows, before), CallEnd.NeverMade); // entered and booked as lost before anybody was told
            opening.Fail(new TimeoutException("The call's entry was lost with the connection to the database."));
        }
        Resay(outcomes);
        open.Clear(); // what is under way was booked as lost; its end says what it cost
        slices.Reset([], []);
    }

    Guid[] InDoubt() => [.. taken.Select(o => o.Call.SelectionId), .. ending.Select(c => c.Call.SelectionId), .. lazily.Select(c => c.Call.SelectionId)];

    /// <summary>Ends of the pass in doubt, and those that a crash has taken back, are said again when they are not in the database.</summary>
    void Resay(IReadOnlyDictionary<Guid, string> outcomes)
    {
        foreach (var closing in lazily)
        {
            if (outcomes.GetValueOrDefault(closing.Call.SelectionId) is not ("open" or "lost")) continue;
            open[closing.Call.SelectionId] = closing.Call; // it holds until it is written
            written--;
            ledger.Again(closing);
        }
        lazily.Clear();
        foreach (var closing in ending)
        {
            if (outcomes.GetValueOrDefault(closing.Call.SelectionId) is "open" or "lost")
            {
                ledger.Again(closing);
                continue;
            }
            open.Remove(closing.Call.SelectionId);
            written++;
        }
        (ending, taken) = ([], []);
    }

    /// <summary>Writes what has ended and gives everything back.</summary>
    async Task EndAsync()
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
            while (ledger.TryTake(out Opening opening)) opening.Abandon(new CancellationToken(true));
            foreach (var opening in waiting) opening.Abandon(new CancellationToken(true));
            do await PassAsync(soon.Token);
            while (!ledger.HasNothing);
            await holders.EndAsync(writer!.Connection, HolderId, isOwn: true, soon.Token);
        }
        catch (Exception e) // its lease runs out, and others take apart what it leaves
        {
            log.CannotWrite(e.Message, null);
        }
        await DisposeAsync();
    }

    static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
