namespace Routing.Budgets;

/// <summary>
/// What this process may hold without asking: its slices of budget windows, and what its calls hold of them. Holding in several windows
/// is all or nothing. The amounts mirror the database's, exact. Used by one loop alone: what a call leaves free is held anew only in
/// the transaction that also writes its end, so that open rows never hold more than was granted, whenever the process dies.
/// </summary>
public sealed class LocalSlices(TimeProvider time)
{
    /// <summary>How often all are looked through for those that nobody has used for a while: there is one for each task of the last half minute.</summary>
    static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    readonly Dictionary<(Guid BudgetId, string Key), Slice> slices = [];
    readonly HashSet<(Guid BudgetId, string Key)> touched = []; // may have something free since the last look
    long sweptAt;

    /// <returns>False when some window has too little free; then nothing is held.</returns>
    public bool TryHold(ReadOnlySpan<BudgetWindow> windows, NanoUsd amount)
    {
        foreach (var window in windows)
            if (!slices.TryGetValue((window.BudgetId, window.Key), out var slice) || slice.Free < amount.Usd) return false;
        foreach (var window in windows)
        {
            var slice = slices[(window.BudgetId, window.Key)];
            slice.Held += amount.Usd;
            slice.Calls++;
            slice.UsedAt = time.GetTimestamp();
        }
        return true;
    }

    /// <summary>A hold that came to nothing: it is free again.</summary>
    public void Release(ReadOnlySpan<BudgetWindow> windows, NanoUsd amount) => Settle(windows, amount, 0);

    /// <summary>A call has ended: what it cost is gone from the slices, the rest of its hold is free.</summary>
    /// <param name="costUsd">At most the hold: what is billed on top of that was never granted.</param>
    public void Settle(ReadOnlySpan<BudgetWindow> windows, NanoUsd hold, decimal costUsd)
    {
        foreach (var window in windows)
        {
            if (!slices.TryGetValue((window.BudgetId, window.Key), out var slice)) continue; // taken apart meanwhile
            touched.Add((window.BudgetId, window.Key));
            slice.Held -= hold.Usd;
            slice.Calls--;
            slice.Granted -= costUsd;
            slice.UsedAt = time.GetTimestamp();
        }
    }

    /// <summary>The database has granted more.</summary>
    public void Grant(BudgetWindow window, decimal usd, bool isExact)
    {
        var key = (window.BudgetId, window.Key);
        if (!slices.TryGetValue(key, out var slice)) slices[key] = slice = new Slice(window);
        touched.Add(key);
        slice.Granted += usd;
        slice.IsExact = isExact;
        slice.UsedAt = time.GetTimestamp();
    }

    /// <summary>The database has the window, so that calls which hold nothing may be under way in it, whether or not anything of it was granted.</summary>
    public void Know(BudgetWindow window)
    {
        var key = (window.BudgetId, window.Key);
        if (!slices.ContainsKey(key)) slices[key] = new Slice(window) { UsedAt = time.GetTimestamp() };
    }

    /// <summary>Not a number but a wish: little is left of the window, so nothing of it shall stay here unused.</summary>
    public void MakeExact(Guid budgetId, string key)
    {
        if (!slices.TryGetValue((budgetId, key), out var slice)) return;
        slice.IsExact = true;
        touched.Add((budgetId, key));
    }

    /// <summary>In US dollars; below zero after a call that cost more than it held.</summary>
    public decimal FreeOf(BudgetWindow window) => slices.TryGetValue((window.BudgetId, window.Key), out var slice) ? slice.Free : 0;

    public IReadOnlyList<BudgetWindow> Windows => [.. slices.Values.Select(s => s.Window)];

    /// <summary>Takes out what is to be given back: all that is free in exact windows, and in those that nobody has used for a while.</summary>
    /// <param name="unused">How long nobody used a window whose slice goes back.</param>
    /// <param name="recalled">Budgets whose slices go back whatever their use.</param>
    public IReadOnlyList<GivenBack> TakeFree(TimeSpan unused, IReadOnlySet<Guid>? recalled = null)
    {
        var back = new List<GivenBack>();
        var isSweep = recalled is { Count: > 0 } || time.GetElapsedTime(sweptAt) >= Sweep;
        if (isSweep) sweptAt = time.GetTimestamp();
        (Guid BudgetId, string Key)[] looked = isSweep ? [.. slices.Keys] : [.. touched];
        touched.Clear();
        foreach (var key in looked)
        {
            if (!slices.TryGetValue(key, out var slice)) continue;
            var isIdle = slice.Calls == 0 && time.GetElapsedTime(slice.UsedAt) > unused;
            if (!slice.IsExact && !isIdle && recalled?.Contains(key.BudgetId) != true) continue;
            var isOver = slice.Calls == 0 && isIdle;
            if (slice.Free <= 0 && !isOver) continue;
            back.Add(new GivenBack(slice.Window, Math.Max(0, slice.Free), slice.IsExact, isOver));
            slice.Granted -= Math.Max(0, slice.Free);
            if (isOver) slices.Remove(key);
        }
        return back;
    }

    /// <summary>Begins again from what the database says, after a break.</summary>
    /// <param name="granted">What it has of each window for this process, less what has been spent and not yet written.</param>
    /// <param name="held">Of calls that are under way.</param>
    public void Reset(IEnumerable<(BudgetWindow Window, decimal GrantedUsd, bool IsExact)> granted, IEnumerable<(BudgetWindow[] Windows, NanoUsd Hold)> held)
    {
        slices.Clear();
        touched.Clear();
        sweptAt = time.GetTimestamp() - (long)(Sweep.TotalSeconds * time.TimestampFrequency); // the next look is at all
        foreach (var (window, usd, isExact) in granted)
            slices[(window.BudgetId, window.Key)] = new Slice(window) { Granted = usd, IsExact = isExact, UsedAt = time.GetTimestamp() };
        foreach (var (windows, hold) in held)
            foreach (var window in windows)
            {
                if (!slices.TryGetValue((window.BudgetId, window.Key), out var slice)) slices[(window.BudgetId, window.Key)] = slice = new Slice(window) { UsedAt = time.GetTimestamp() };
                slice.Held += hold.Usd;
                slice.Calls++;
            }
    }

    sealed class Slice(BudgetWindow window)
    {
        public BudgetWindow Window => window;

        public decimal Granted { get; set; }

        public decimal Held { get; set; }

        public int Calls { get; set; }

        public bool IsExact { get; set; }

        public long UsedAt { get; set; }

        public decimal Free => Granted - Held;
    }
}

/// <param name="IsOver">Nothing of the slice is left: its row can go.</param>
public sealed record GivenBack(BudgetWindow Window, decimal Usd, bool IsExact, bool IsOver);
