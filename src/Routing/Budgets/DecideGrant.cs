namespace Routing.Budgets;

/// <summary>Whether a window has room for a hold, and how much more than that a process gets of it. Pure; the caller has the window's row locked.</summary>
public abstract record DecideGrant
{
    DecideGrant() { } // closed: the kinds below are all there are

    /// <param name="Usd">At least what is needed; more while much is left, so that the process need not ask for each call.</param>
    /// <param name="IsTight">From now on each hold is granted by itself.</param>
    public sealed record Granted(decimal Usd, bool IsTight) : DecideGrant;

    /// <summary>It does not fit, but other processes still keep what they do not need: they were told to give it back.</summary>
    public sealed record Later : DecideGrant;

    /// <summary>It does not fit, and nobody has anything to spare.</summary>
    public sealed record Refused : DecideGrant;

    /// <summary>A slice is at least so many holds, or the window is tight.</summary>
    const int FewHolds = 4;

    /// <summary>So many holds must be left for each process before a tight window is wide again.</summary>
    const int ManyHolds = 16;

    /// <summary>A slice is for so many calls of the size at hand, if that much can be spared.</summary>
    const int SliceHolds = 64;

    /// <param name="needUsd">Above 0: what the hold needs more than the process has.</param>
    /// <param name="holders">Living processes, this one included; at least 1.</param>
    /// <param name="othersSpare">Some other process's slice of the window may have something free.</param>
    public static DecideGrant Of(WindowState window, decimal needUsd, int holders, bool othersSpare)
    {
        var room = window.AmountUsd - window.SettledUsd - window.GrantedUsd;
        if (!window.IsHard) return new Granted(needUsd * SliceHolds, false);
        if (room < needUsd) return othersSpare && window.AmountUsd - window.SettledUsd >= needUsd ? new Later() : new Refused();
        var share = Floor(room / (FewHolds * holders));
        var isTight = window.IsTight ? room < ManyHolds * holders * needUsd : share < needUsd;
        return new Granted(isTight ? needUsd : Math.Max(needUsd, Math.Min(share, needUsd * SliceHolds)), isTight);
    }

    static decimal Floor(decimal usd) => decimal.Floor(usd * 1_000_000_000m) / 1_000_000_000m;
}

/// <summary>A window's row, locked, with its budget's terms.</summary>
/// <param name="GrantedUsd">To all processes together.</param>
public sealed record WindowState(decimal AmountUsd, decimal SettledUsd, decimal GrantedUsd, bool IsHard, bool IsTight);
