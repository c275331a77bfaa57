using Routing.Calls;

namespace Benchmarks.Routing;

/// <summary>Counts calls and their costs in memory, and lets everything through.</summary>
sealed class BenchmarkLedger : ICallLedger, IRouteHealth
{
    readonly Lock gate = new();

    public decimal CostUsd { get; private set; }

    public int Closed { get; private set; }

    public int Open { get; private set; }

    public Task<CallOpening> OpenAsync(NewCall call, CancellationToken ct)
    {
        lock (gate) Open++;
        return Task.FromResult<CallOpening>(new CallOpening.Opened(new OpenCall(call, [], Guid.Empty)));
    }

    public void NoteGeneration(OpenCall call, string generationId) { }

    public void Close(OpenCall call, CallEnd end)
    {
        lock (gate) (Open, Closed, CostUsd) = (Open - 1, Closed + 1, CostUsd + end.CostUsd);
    }

    public Task FlushAsync(CancellationToken ct) => Task.CompletedTask;

    public bool MayCall(string provider, string model) => true;

    public void Ended(string provider, string model, string outcome, string? errorKind, TimeSpan latency) { }

    public void ProviderOut(string provider, string reason) { }
}
