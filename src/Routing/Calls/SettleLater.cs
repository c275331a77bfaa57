using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Routing.Budgets;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What its provider says that a call came to.</summary>
public sealed record SettledCall(Guid SelectionId, Generation Generation);

/// <summary>
/// Asks providers what calls cost that were closed with an estimate: the caller had left, or the answer broke off. A provider does not know at once, so
/// each call is asked for at growing intervals, for a day; after that its estimate stands. Any number of processes may do so at the same time.
/// </summary>
/// <param name="count">Gets what was corrected of a call that was counted with its estimate.</param>
public sealed class SettleLater(FindUnsettled find, CorrectCosts correct, Func<string, ProviderEndpoint?> endpointOf, AskGeneration ask, Action<CorrectedCost> count, TimeProvider time,
    ILogger<SettleLater> log) : BackgroundService
{
    const int AtATime = 8;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Asks for those whose turn it is.</summary>
    /// <returns>How many were settled.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var settled = 0;
        IReadOnlyList<UnsettledCall> calls;
        do
        {
            calls = await find.RunAsync(ct);
            await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = ct }, async (call, token) =>
            {
                if (await SettleAsync(call, token)) Interlocked.Increment(ref settled);
            });
        }
        while (calls.Count == FindUnsettled.Most);
        return settled;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
            {
                log.SettlingFailed(exception);
            }
    }

    async Task<bool> SettleAsync(UnsettledCall call, CancellationToken ct)
    {
        if (call.IsOver)
        {
            if (call.GenerationId.Length > 0) log.NeverSettled(call.SelectionId, call.Provider, call.GenerationId);
            return false;
        }
        if (endpointOf(call.Provider) is not { } endpoint) return false; // it may come back
        if (endpoint.Kind != WireKind.OpenRouter)
        {
            await find.NeverAsync(call.SelectionId, ct);
            return false;
        }
        try
        {
            if (await ask.RunAsync(endpoint, call.GenerationId, ct) is not { } generation) return false;
            var corrected = await correct.RunAsync([new SettledCall(call.SelectionId, generation)], CancellationToken.None);
            if (corrected is not [var one]) return false; // somebody else was faster
            if (one.Outcome != "lost") count(one); // else its process died before it counted anything
            log.Settled(call.SelectionId, generation.CostUsd, call.Provider);
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or IOException)
        {
            return false; // like a provider that does not know yet: its next turn comes
        }
    }
}
