using System.Collections.Concurrent;
using Routing.Budgets;
using Routing.Calls;

namespace Routing.Tests.Calls;

/// <summary>A ledger in memory, for tests only: one hard budget, and everything that was opened and closed. A second close of a call is a fault.</summary>
sealed class MemoryLedger(NanoUsd? amount = null) : ICallLedger
{
    readonly Lock gate = new();
    readonly Dictionary<Guid, CallEnd> ended = [];
    readonly List<NewCall> opened = [];
    NanoUsd settled, held;

    /// <summary>In the order in which they were opened.</summary>
    public IReadOnlyList<NewCall> Opened { get { lock (gate) return [.. opened]; } }

    public IReadOnlyList<CallEnd> Ends { get { lock (gate) return [.. opened.Where(c => ended.ContainsKey(c.SelectionId)).Select(c => ended[c.SelectionId])]; } }

    public ConcurrentDictionary<Guid, string> Generations { get; } = [];

    /// <summary>Calls closed more than once, or never opened.</summary>
    public ConcurrentQueue<string> Faults { get; } = [];

    public int OpenCalls { get { lock (gate) return opened.Count - ended.Count; } }

    public NanoUsd Held { get { lock (gate) return held; } }

    /// <summary>Called before a call is opened; may throw.</summary>
    public Action<NewCall>? OnOpen { get; set; }

    public CallEnd EndOf(Guid selectionId) { lock (gate) return ended[selectionId]; }

    public Task<CallOpening> OpenAsync(NewCall call, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        OnOpen?.Invoke(call);
        lock (gate)
        {
            if (amount is { } most && settled + held + call.Hold > most)
                return Task.FromResult<CallOpening>(new CallOpening.Refused(new BudgetRefusal(
                    new BudgetLeft(Guid.Empty, "total", "", "day", true, most, settled, held, null), call.Hold, most - settled - held)));
            held += call.Hold;
            opened.Add(call);
        }
        return Task.FromResult<CallOpening>(new CallOpening.Opened(new OpenCall(call, [], Guid.Empty)));
    }

    public void NoteGeneration(OpenCall call, string generationId) => Generations[call.SelectionId] = generationId;

    public void Close(OpenCall call, CallEnd end)
    {
        lock (gate)
        {
            if (!ended.TryAdd(call.SelectionId, end)) Faults.Enqueue($"{call.SelectionId} was closed twice");
            held -= call.Call.Hold;
            settled += NanoUsd.Ceiling(end.CostUsd);
        }
    }

    public Task FlushAsync(CancellationToken ct) => Task.CompletedTask;
}

/// <summary>Everything may be called, except what a test closes; remembers what it was told.</summary>
sealed class MemoryHealth : IRouteHealth
{
    readonly ConcurrentQueue<string> ended = [];

    public HashSet<string> Closed { get; } = [];

    public IReadOnlyList<string> Ended => [.. ended];

    public ConcurrentQueue<string> Out { get; } = [];

    public int Asked;

    public bool MayCall(string provider, string model)
    {
        if (Closed.Contains(model)) return false;
        Interlocked.Increment(ref Asked);
        return true;
    }

    void IRouteHealth.Ended(string provider, string model, string outcome, string? errorKind, TimeSpan latency) => ended.Enqueue($"{model} {outcome} {errorKind}".TrimEnd());

    public void ProviderOut(string provider, string reason) => Out.Enqueue($"{provider} {reason}");
}
