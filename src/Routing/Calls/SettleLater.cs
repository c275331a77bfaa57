using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>A call that was closed with an estimate and that its provider can be asked about.</summary>
public sealed record UnsettledCall(Guid SelectionId, string Provider, string GenerationId, DateTimeOffset EndedAt);

/// <summary>What its provider says that a call came to.</summary>
public sealed record SettledCall(Guid SelectionId, Generation Generation);

/// <summary>
/// Asks providers what calls cost that were closed with an estimate: the caller had left, or the answer broke off. A provider does not know at once, so
/// each call is asked for at growing intervals, for a day; after that its estimate stands.
/// </summary>
/// <param name="source">Calls that are closed, estimated, younger than a day and have a generation's id.</param>
/// <param name="sink">Books what was told, instead of the estimate.</param>
public sealed class SettleLater(Func<CancellationToken, Task<IReadOnlyList<UnsettledCall>>> source, Func<SettledCall, CancellationToken, Task> sink,
    Func<string, ProviderEndpoint?> endpointOf, AskGeneration ask, TimeProvider time, ILogger<SettleLater> log) : BackgroundService
{
    const int AtATime = 8;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), First = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromMinutes(10), GiveUpAfter = TimeSpan.FromDays(1);

    readonly ConcurrentDictionary<Guid, Turn> turns = [];

    /// <summary>Asks for those whose turn it is.</summary>
    /// <returns>How many were settled.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var calls = await source(ct);
        var known = calls.Select(c => c.SelectionId).ToHashSet();
        foreach (var gone in turns.Keys.Where(id => !known.Contains(id))) turns.TryRemove(gone, out _);
        var now = time.GetUtcNow();
        var settled = 0;
        await Parallel.ForEachAsync(calls.Where(c => IsDue(c, now)), new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = ct }, async (call, token) =>
        {
            if (await SettleAsync(call, token)) Interlocked.Increment(ref settled);
        });
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

    bool IsDue(UnsettledCall call, DateTimeOffset now)
    {
        var turn = turns.GetOrAdd(call.SelectionId, _ => new Turn(call.EndedAt + First, First, false));
        if (turn.IsOver || turn.At > now) return false;
        if (now - call.EndedAt < GiveUpAfter) return true;
        turns[call.SelectionId] = turn with { IsOver = true };
        log.NeverSettled(call.SelectionId, call.Provider, call.GenerationId);
        return false;
    }

    async Task<bool> SettleAsync(UnsettledCall call, CancellationToken ct)
    {
        if (endpointOf(call.Provider) is { } endpoint)
        {
            if (endpoint.Kind != WireKind.OpenRouter)
            {
                turns[call.SelectionId] = turns[call.SelectionId] with { IsOver = true }; // it never tells
                return false;
            }
            try
            {
                if (await ask.RunAsync(endpoint, call.GenerationId, ct) is { } generation)
                {
                    await sink(new SettledCall(call.SelectionId, generation), ct);
                    turns.TryRemove(call.SelectionId, out _);
                    log.Settled(call.SelectionId, generation.CostUsd, call.Provider);
                    return true;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or TimeoutException or IOException)
            {
                // Like a provider that does not know yet: its next turn comes.
            }
        }
        turns.AddOrUpdate(call.SelectionId, _ => new Turn(time.GetUtcNow() + First, First, false), (_, turn) =>
        {
            var pause = turn.Pause * 2 < Longest ? turn.Pause * 2 : Longest;
            return new Turn(time.GetUtcNow() + pause, pause, false);
        });
        return false;
    }

    sealed record Turn(DateTimeOffset At, TimeSpan Pause, bool IsOver);
}
