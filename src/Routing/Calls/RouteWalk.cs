using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>
/// Which way a request goes next: the decision's candidates in their order, the same once more where that helps, and another decision when all
/// have been tried. It knows no network and no clock but the one it is given.
/// </summary>
/// <param name="quiet">Models that have asked to be left alone for a while, by other requests too.</param>
sealed class RouteWalk(Func<RoutingRequest, RoutingDecision> decide, RoutingRequest request, CallLimits limits, QuietRoutes quiet, TimeProvider time)
{
    const int MostWaits = 2;

    readonly LinkedList<(Candidate Candidate, bool IsRepeat)> ahead = [];
    readonly HashSet<(string Provider, string Slug)> tried = [];
    readonly HashSet<string> outOfUse = new(StringComparer.Ordinal);
    readonly Dictionary<(string, string), int> waits = [];
    readonly HashSet<(string, string)> repeated = [];
    readonly List<(Candidate Candidate, DateTimeOffset NotBefore)> later = [];
    long leastContext;

    /// <summary>Null before the first step.</summary>
    public RoutingDecision.Chosen? Decision { get; private set; }

    /// <summary>The decision that there is nobody, when there was one.</summary>
    public RoutingDecision.Nobody? Nobody { get; private set; }

    /// <summary>Those that may not be called yet.</summary>
    public IReadOnlyList<(Candidate Candidate, DateTimeOffset NotBefore)> Busy => later;

    /// <returns>The next candidate, and how long it must not be called yet; null when there is none.</returns>
    public (Candidate Candidate, TimeSpan Wait)? Next()
    {
        while (true)
        {
            while (ahead.First is { } first)
            {
                ahead.RemoveFirst();
                var (candidate, isRepeat) = first.Value;
                if (!IsUsable(candidate)) continue;
                tried.Add(KeyOf(candidate));
                if (isRepeat || quiet.Until(KeyOf(candidate), Now) is not { } notBefore) return (candidate, TimeSpan.Zero);
                later.Add((candidate, notBefore));
            }
            if (!DecideAgain()) return Later();
        }
    }

    /// <summary>The candidate comes next, once more.</summary>
    public void Repeat(Candidate candidate)
    {
        tried.Remove(KeyOf(candidate));
        ahead.AddFirst((candidate, true));
    }

    /// <returns>How long to wait before the next step; null when there is none and the caller must be told.</returns>
    public TimeSpan? After(Candidate candidate, ProviderFault fault)
    {
        var key = KeyOf(candidate);
        if (fault.RetryAfter is { } after) quiet.Ask(key, Now + after);
        switch (fault.Next)
        {
            case NextStep.FailToCaller: return null;
            case NextStep.RetryOnceSameRoute when repeated.Add(key): Repeat(candidate); break;
            case NextStep.WaitRetryAfter wait when wait.Time <= limits.LongestWait && CountWait(key):
                Repeat(candidate);
                return wait.Time;
            case NextStep.LargerModel:
                leastContext = Math.Max(leastContext, (candidate.Model.ContextTokens ?? 0) + 1);
                break;
            case NextStep.OpenBreakerForProvider: outOfUse.Add(candidate.Model.Provider); break;
            case NextStep.NextRoute when fault.RetryAfter is { } span && CountWait(key): later.Add((candidate, Now + span)); break;
        }
        return TimeSpan.Zero;
    }

    DateTimeOffset Now => time.GetUtcNow();

    bool DecideAgain()
    {
        var decision = decide(request with { Tried = new HashSet<(string, string)>(tried), InputTokens = Math.Max(request.InputTokens, leastContext) });
        if (decision is RoutingDecision.Nobody nobody)
        {
            Nobody = nobody;
            return false;
        }
        Decision = (RoutingDecision.Chosen)decision;
        foreach (var candidate in Decision.Candidates)
            if (IsUsable(candidate)) ahead.AddLast((candidate, false));
        return ahead.Count > 0;
    }

    /// <summary>Of those that were busy, the one that may be called again first.</summary>
    (Candidate, TimeSpan)? Later()
    {
        if (later.Count == 0) return null;
        var first = later.MinBy(l => l.NotBefore);
        var wait = first.NotBefore - Now;
        if (wait > limits.LongestWait) return null; // and the others are busy for longer
        later.Remove(first);
        if (outOfUse.Contains(first.Candidate.Model.Provider)) return Later();
        return (first.Candidate, wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }

    bool IsUsable(Candidate candidate) => !tried.Contains(KeyOf(candidate)) && !outOfUse.Contains(candidate.Model.Provider)
        && (leastContext == 0 || candidate.Model.ContextTokens is not { } context || context >= leastContext);

    bool CountWait((string, string) key) => (waits[key] = waits.GetValueOrDefault(key) + 1) <= MostWaits;

    static (string, string) KeyOf(Candidate candidate) => (candidate.Model.Provider, candidate.Model.Slug);
}
