using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Routing.Performance;

/// <summary>
/// Which models and providers may be called, as this process knows it: its own failures close a way at once, the table of breakers makes
/// it so for all processes within a second. Asking and telling take no input or output; <see cref="RunOnceAsync"/> does that.
/// A provider opens as a whole (an empty model) when calls fail on several of its models, or when it refuses our key or money.
/// </summary>
public sealed class RouteHealth
{
    static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan Idle = TimeSpan.FromMinutes(1), IdleWaits = TimeSpan.FromSeconds(15), LetOthersTry = TimeSpan.FromSeconds(3);

    readonly Breakers breakers;
    readonly BreakerSettings settings;
    readonly TimeProvider time;
    readonly ILogger<RouteHealth> log;
    readonly ConcurrentDictionary<(string Provider, string Model), Route> routes = new();
    int standing; // ways that are not closed: while there are none, nothing is looked up
    long lastCall;

    public RouteHealth(Breakers breakers, BreakerSettings settings, TimeProvider time, PerformanceMetrics metrics, ILogger<RouteHealth> log)
    {
        (this.breakers, this.settings, this.time, this.log) = (breakers, settings, time, log);
        lastCall = time.GetTimestamp();
        metrics.Watch(() => routes.Values.Where(r => r.Mode != RouteMode.Closed || r.Reason.Length > 0)
            .Select(r => new BreakerState(r.Provider, r.Model, r.Mode switch { RouteMode.Closed => "closed", RouteMode.Open => "open", _ => "probing" })));
    }

    /// <summary>Set when something is to be written; whoever runs the passes waits for it, no longer than a second.</summary>
    internal SemaphoreSlim Changed { get; } = new(0);

    /// <summary>Whether this call may be made now. Yes may be the one try that a way which stood still is given: call then, or nobody learns.</summary>
    public bool MayCall(string provider, string model)
    {
        Volatile.Write(ref lastCall, time.GetTimestamp());
        if (Volatile.Read(ref standing) == 0) return true;
        var (whole, one) = (Find(provider, ""), Find(provider, model));
        if (IsClosed(whole) && IsClosed(one)) return true;
        if (!IsFree(whole) || !IsFree(one)) return false;
        if (whole is null || one is null) return TryUse((whole ?? one)!, null);
        return TryUse(whole, one);
    }

    /// <param name="outcome">succeeded, failed or cancelled.</param>
    /// <param name="errorKind">Snake case; null when it succeeded.</param>
    public void Ended(string provider, string model, string outcome, string? errorKind, TimeSpan latency)
    {
        var now = time.GetTimestamp();
        var failure = outcome == "failed" ? FailureKinds.Known(errorKind) : null;
        var isOut = FailureKinds.MeansOut(failure);
        if (isOut) ProviderOut(provider, failure!);
        bool? isGood = outcome switch { "succeeded" => true, "failed" when !isOut && !FailureKinds.IsCallers(failure!) => false, _ => null };
        var began = now - Ticks(latency);
        Judge(Get(provider, ""), model, isGood, failure, now, began);
        Judge(Get(provider, model), model, isGood, failure, now, began);
    }

    /// <summary>The provider refuses our key or has no more money for us: nothing is called there until it was tried again or a person has looked.</summary>
    public void ProviderOut(string provider, string reason)
    {
        var whole = Get(provider, "");
        lock (whole.Gate)
        {
            if (whole.Mode is RouteMode.Probing or RouteMode.Ticket) EndProbe(whole, reason, isOut: true);
            else if (whole.Pending is RouteChange.Probed { Reason: not null } probed) whole.Pending = probed with { IsOut = true };
            else if (!whole.IsOut) Open(whole, reason, isOut: true);
        }
    }

    /// <summary>What stands still and why, whole providers with an empty slug. What this process may try just now is not in it: it should be chosen.</summary>
    public IReadOnlyDictionary<(string Provider, string Slug), string> Standing() => routes.Values.Where(r => r.Mode is RouteMode.Open or RouteMode.Probing)
        .ToDictionary(r => (r.Provider, r.Model), r => r.RetryAt is { } at ? $"stands still: {r.Reason}; tried again at {at:yyyy-MM-dd HH:mm:ss} UTC" : $"stands still: {r.Reason}; is being tried");

    /// <summary>Providers that refuse our key or our money, with the reason.</summary>
    public IReadOnlyDictionary<string, string> Out() => routes.Values.Where(r => r.IsOut && r.Mode != RouteMode.Closed).ToDictionary(r => r.Provider, r => r.Reason);

    /// <summary>Looks at the table sooner than in a second.</summary>
    public void Wake() => Changed.Release();

    /// <summary>One pass: writes what was decided, learns what others decided, and takes tickets for what may be tried.</summary>
    /// <returns>How many ways stand still.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        foreach (var route in routes.Values) await WriteAsync(route, ct);
        var rows = await breakers.ReadAsync(ct);
        Learn(rows);
        foreach (var row in rows) await TryTicketAsync(row, ct);
        return rows.Count;
    }

    /// <summary>Gives back the tickets of a process that stops.</summary>
    public async Task LeaveAsync(CancellationToken ct)
    {
        foreach (var route in routes.Values)
        {
            lock (route.Gate)
                if (route.Mode is RouteMode.Ticket or RouteMode.Probing) GiveBack(route);
            await WriteAsync(route, ct);
        }
    }

    async Task WriteAsync(Route route, CancellationToken ct)
    {
        RouteChange? change;
        lock (route.Gate)
        {
            if (route is { Mode: RouteMode.Ticket, Pending: null } && time.GetElapsedTime(route.TicketAt) > settings.TicketUnused) GiveBack(route);
            change = route.Pending;
        }
        switch (change)
        {
            case null:
                return;
            case RouteChange.Opened opened:
                if (await breakers.OpenAsync(route.Provider, route.Model, opened.IsOut, opened.Reason, ct) is { } retryAt)
                {
                    if (opened.IsOut) log.ProviderOut(route.Provider, opened.Reason, retryAt);
                    else log.Opened(route.Provider, Shown(route), opened.Reason, retryAt);
                }
                break;
            case RouteChange.Probed probed:
                var state = await breakers.EndProbeAsync(route.Provider, route.Model, probed.Ticket, probed.Reason, probed.IsOut, ct);
                if (state == "closed") log.Closed(route.Provider, Shown(route));
                if (state == "open") log.ProbeFailed(route.Provider, Shown(route), probed.Reason!);
                break;
            case RouteChange.GivenBack back:
                await breakers.GiveBackAsync(route.Provider, route.Model, back.Ticket, ct);
                break;
        }
        lock (route.Gate)
        {
            if (ReferenceEquals(route.Pending, change)) route.Pending = null; // otherwise more was decided meanwhile
        }
    }

    void Learn(IReadOnlyList<StandingRoute> rows)
    {
        var seen = new HashSet<Route>();
        foreach (var row in rows)
        {
            var route = Get(row.Provider, row.Model);
            seen.Add(route);
            lock (route.Gate)
            {
                if (route.Pending is not null) continue;
                (route.IsOut, route.Reason, route.RetryAt) = (row.IsOut, row.Reason, row.RetryAt);
                if (route.Mode is RouteMode.Closed || (route.Mode is not RouteMode.Open && row.ProbeTicket != route.Ticket)) Become(route, RouteMode.Open);
            }
        }
        foreach (var route in routes.Values.Where(r => r.Mode != RouteMode.Closed && !seen.Contains(r)))
            lock (route.Gate)
            {
                if (route.Pending is not null) continue;
                (route.IsOut, route.RetryAt) = (false, null);
                route.Forget();
                Become(route, RouteMode.Closed);
            }
    }

    /// <summary>A process that makes no calls leaves the ticket to those that do, for a while: where nothing else can be called, nobody does.</summary>
    async Task TryTicketAsync(StandingRoute row, CancellationToken ct)
    {
        var (now, at) = (time.GetUtcNow(), time.GetTimestamp());
        var isDue = row.State == "open" ? row.RetryAt <= now : row.ProbeTicket is null || row.ProbeUntil < now;
        var route = Get(row.Provider, row.Model);
        var mayAsk = route.Mode == RouteMode.Open || (route.Mode == RouteMode.Probing && row.ProbeUntil < now); // its own that never ended
        lock (route.Gate) route.DueSince = isDue ? route.DueSince ?? at : null;
        if (!isDue || !mayAsk || at < route.NoTicketBefore) return;
        if (time.GetElapsedTime(Volatile.Read(ref lastCall), at) > Idle && time.GetElapsedTime(route.DueSince!.Value, at) < IdleWaits) return;
        if (await breakers.TakeProbeAsync(row.Provider, row.Model, ct) is not { } ticket) return;
        lock (route.Gate)
        {
            (route.Ticket, route.TicketAt, route.RetryAt) = (ticket, time.GetTimestamp(), null);
            Become(route, RouteMode.Ticket);
        }
    }

    /// <param name="model">That was called.</param>
    /// <param name="isGood">Null: it tells nothing.</param>
    void Judge(Route route, string model, bool? isGood, string? failure, long now, long began)
    {
        lock (route.Gate)
        {
            switch (route.Mode)
            {
                case RouteMode.Closed when isGood is not null:
                    route.Add(now, model, isGood.Value ? null : failure);
                    if (!isGood.Value && route.Bad(now - Ticks(settings.Within), settings.LeastFailures) is { } reason) Open(route, reason, isOut: false);
                    break;
                case RouteMode.Probing when began >= route.TicketAt - Ticks(Tolerance): // not one from before it was opened
                    if (isGood is null) GiveBack(route);
                    else EndProbe(route, isGood.Value ? null : $"a try failed ({failure})", isOut: false);
                    break;
            }
        }
    }

    bool TryUse(Route first, Route? second)
    {
        lock (first.Gate)
            if (second is null) return Use(first);
            else
                lock (second.Gate) // always the provider first
                {
                    if (!IsFree(first) || !IsFree(second)) return false;
                    return Use(first) && Use(second);
                }
    }

    bool Use(Route route)
    {
        if (!IsFree(route)) return false;
        if (route.Mode == RouteMode.Closed) return true;
        route.TicketAt = time.GetTimestamp();
        Become(route, RouteMode.Probing);
        return true;
    }

    void Open(Route route, string reason, bool isOut)
    {
        (route.IsOut, route.Reason, route.RetryAt) = (isOut, reason, null);
        route.Pending = new RouteChange.Opened(isOut, reason);
        Become(route, RouteMode.Open);
        Changed.Release();
    }

    void EndProbe(Route route, string? reason, bool isOut)
    {
        route.Pending = new RouteChange.Probed(route.Ticket, reason, isOut);
        if (reason is not null) (route.Reason, route.IsOut) = (reason, route.IsOut || isOut);
        Become(route, RouteMode.Open);
        Changed.Release();
    }

    void GiveBack(Route route)
    {
        route.Pending = new RouteChange.GivenBack(route.Ticket);
        route.NoTicketBefore = time.GetTimestamp() + Ticks(LetOthersTry);
        Become(route, RouteMode.Open);
    }

    void Become(Route route, RouteMode mode)
    {
        var change = (mode == RouteMode.Closed ? 0 : 1) - (route.Mode == RouteMode.Closed ? 0 : 1);
        route.Mode = mode;
        if (change != 0) Interlocked.Add(ref standing, change);
    }

    Route? Find(string provider, string model) => routes.TryGetValue((provider, model), out var route) ? route : null;

    Route Get(string provider, string model) =>
        Find(provider, model) ?? routes.GetOrAdd((provider, model), static (key, remembered) => new Route(key.Provider, key.Model, remembered), settings.Remembered);

    long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    static bool IsClosed(Route? route) => route is null || route.Mode == RouteMode.Closed;

    static bool IsFree(Route? route) => route is null || route.Mode is RouteMode.Closed or RouteMode.Ticket;

    static string Shown(Route route) => route.Model.Length == 0 ? "all models" : route.Model;
}
