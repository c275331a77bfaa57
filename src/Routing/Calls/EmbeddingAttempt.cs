using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>One attempt at vectors that the ledger has opened; closed once, however it ends.</summary>
sealed class EmbeddingAttempt : IAsyncDisposable
{
    readonly CallTools tools;
    readonly AttemptBook book;
    readonly EmbeddingsRequest request;
    readonly CancellationToken caller;
    readonly AttemptClock clock;
    readonly AttemptWire wire;
    readonly CancellationTokenRegistration onLeaving;

    public EmbeddingAttempt(CallTools tools, AttemptBook book, EmbeddingsRequest request, long endsAt, CancellationToken caller)
    {
        (this.tools, this.book, this.request, this.caller) = (tools, book, request, caller);
        clock = new AttemptClock(tools.Time, endsAt);
        wire = new AttemptWire(tools.Connections, book.Route, tools.Limits);
        onLeaving = caller.UnsafeRegister(static clock => ((AttemptClock)clock!).End(), clock);
    }

    public AttemptRoute Route => book.Route;

    public CallEnd? End => book.End;

    public ProviderFault? Fault { get; private set; }

    /// <returns>Null when it failed; then the fault says why.</returns>
    /// <exception cref="OperationCanceledException">The caller has left; the call is closed.</exception>
    public async ValueTask<EmbeddingsAnswer?> RunAsync()
    {
        try
        {
            Allow();
            var refused = await wire.SendAsync(tools.Time, clock.Token);
            if (wire.GenerationId is { } header) book.Note(header);
            if (refused is not null) return Fail(refused);
            var answer = EmbeddingsAnswer.Of(await wire.ReadWholeAsync(Allow, clock.Token), request.Count);
            if (answer.Id is { } id) book.Note(id);
            if (answer.Usage is { } usage) book.Facts.Add(usage);
            (book.Facts.Model, book.Facts.ServedBy) = (answer.Model, answer.ServedBy);
            if (answer.Error is { } error) return Fail(ProviderFault.Of(null, error, RetryHints.None));
            book.Facts.Finish = "stop"; // there is no other end
            book.Close("succeeded", wire, null);
            return answer;
        }
        catch (Exception exception) when (!caller.IsCancellationRequested && AttemptFaults.Of(exception, clock, wire, tools.Limits) is { } fault)
        {
            return Fail(fault);
        }
        catch (Exception) when (caller.IsCancellationRequested)
        {
            book.Cancel(wire);
            throw new OperationCanceledException(caller);
        }
        catch (Exception exception)
        {
            book.Close("failed", wire, new ProviderFault(ErrorKind.Malformed, new NextStep.FailToCaller(), Message: exception.GetType().Name));
            throw;
        }
    }

    void Allow() => clock.Until(clock.After(clock.Now, tools.Limits.Idle), ErrorKind.Stalled);

    EmbeddingsAnswer? Fail(ProviderFault fault)
    {
        Fault = fault;
        book.Close("failed", wire, fault);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await onLeaving.DisposeAsync();
        book.Cancel(wire);
        wire.LetGo(isWhole: false);
        clock.Dispose();
    }
}
