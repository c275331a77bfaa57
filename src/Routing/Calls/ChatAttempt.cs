using System.Text.Json;
using Microsoft.Extensions.AI;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What a step of reading an attempt's answer came to.</summary>
enum AttemptRead
{
    /// <summary><see cref="ChatAttempt.Update"/> can be given out.</summary>
    Content,

    /// <summary>The answer is whole, and the call closed.</summary>
    End,

    /// <summary><see cref="ChatAttempt.Fault"/> says why there is no answer; the call is closed.</summary>
    Fault,
}

/// <summary>One attempt at a call that the ledger has opened: sends it, reads the answer as it comes, and closes it, once, however it ends.</summary>
sealed class ChatAttempt : IAsyncDisposable
{
    readonly AttemptRoute route;
    readonly AttemptBook book;
    readonly CallLimits limits;
    readonly TimeProvider time;
    readonly CancellationToken caller;
    readonly AttemptClock clock;
    readonly AttemptWire wire;
    readonly AnswerSoFar answer;
    readonly ChatChunk chunk = new();
    readonly CancellationTokenRegistration onLeaving;
    readonly long startedAt;
    long lastSignAt, usageDueAt;
    bool isDone, isWhole, isAtEnd;
    int state; // free, reading, left: an answer that nobody reads just now is let go by whoever leaves

    const int Free = 0, Reading = 1, Left = 2;

    public ChatAttempt(CallTools tools, AttemptBook book, long endsAt, CancellationToken caller)
    {
        (route, this.book, this.caller) = (book.Route, book, caller);
        (limits, time) = (tools.Limits, tools.Time);
        answer = new AnswerSoFar(book.Facts, time);
        clock = new AttemptClock(time, endsAt);
        startedAt = lastSignAt = clock.Now;
        wire = new AttemptWire(tools.Connections, route, limits);
        onLeaving = caller.UnsafeRegister(static attempt => ((ChatAttempt)attempt!).Leave(), this);
    }

    public AttemptRoute Route => route;

    public ChatResponseUpdate? Update { get; private set; }

    public ProviderFault? Fault { get; private set; }

    public CallEnd? End => book.End;

    /// <exception cref="OperationCanceledException">The caller has left; the call is closed.</exception>
    public async ValueTask<AttemptRead> ReadAsync()
    {
        if (Interlocked.CompareExchange(ref state, Reading, Free) != Free) throw new OperationCanceledException(caller);
        try
        {
            return Settle(await StepAsync());
        }
        catch (Exception exception)
        {
            if (Judge(exception) is { } read) return Settle(read);
            throw;
        }
        finally
        {
            Interlocked.CompareExchange(ref state, Free, Reading);
            if (caller.IsCancellationRequested) Leave();
        }
    }

    /// <summary>The last word on a whole answer: what it used and how it came about.</summary>
    public ChatResponseUpdate LastWord(RoutedAnswer routed)
    {
        var update = answer.Update(chunk, book.Facts.Usage is { HasTokens: true } usage ? [new UsageContent(AttemptBook.Details(usage.Tokens))] : []);
        update.AdditionalProperties = routed.Properties();
        return update;
    }

    async ValueTask<AttemptRead> StepAsync()
    {
        if (isAtEnd) return AttemptRead.End;
        if (isWhole) return AtEnd();
        if (!wire.HasAnswer && await SendAsync() is { } refused) return Fail(refused);
        if (wire.Events is not { } events) return await ReadWholeAsync();
        while (true)
        {
            Allow();
            switch (await events.ReadAsync(clock.Token))
            {
                case SseRead.Frame when events.Data.Span.SequenceEqual("[DONE]"u8):
                    isDone = true;
                    return AtEnd();
                case SseRead.Frame:
                    lastSignAt = clock.Now;
                    if (Take(events) is { } made) return made;
                    break;
                case SseRead.End: return AtEnd();
                default: lastSignAt = clock.Now; break;
            }
        }
    }

    async ValueTask<ProviderFault?> SendAsync()
    {
        Allow();
        var refused = await wire.SendAsync(time, clock.Token);
        if (wire.GenerationId is { } id) book.Note(id);
        return refused;
    }

    async ValueTask<AttemptRead> ReadWholeAsync()
    {
        AllowIdle();
        var whole = await wire.ReadWholeAsync(AllowIdle, clock.Token);
        if (whole.IsEmpty) return Fail(new ProviderFault(ErrorKind.Malformed, new NextStep.NextRoute(), Message: "The answer is empty."));
        chunk.Parse(whole.Span);
        isDone = isWhole = true;
        return Take(null) ?? AtEnd();
    }

    /// <returns>Null when the frame says nothing to anybody.</returns>
    AttemptRead? Take(SseReader? events)
    {
        if (events is not null)
            try
            {
                chunk.Parse(events.Data.Span);
            }
            catch (JsonException) when (events.IsUnterminated)
            {
                return AtEnd(); // the stream ended within it
            }
        var hadContent = answer.HasContent;
        var hadFinish = book.Facts.Finish is not null;
        var update = answer.Take(chunk);
        if (answer.Id is { } id) book.Note(id);
        if (answer.HasContent && !hadContent) book.FirstContent();
        if (book.Facts.Finish is not null && !hadFinish) usageDueAt = clock.After(clock.Now, limits.UsageWait);
        var error = chunk.Error ?? (events is { IsError: true } ? WireError.OfBody(events.Data) : book.Facts.Finish == "error" ? WireError.Unreadable : null);
        if (error is not null && (!hadFinish || book.Facts.Finish == "error")) return Fail(ProviderFault.Of(null, error, RetryHints.None));
        Update = update;
        return update is null ? null : AttemptRead.Content;
    }

    AttemptRead AtEnd()
    {
        isAtEnd = true;
        if (!isDone && book.Facts.Finish is null && book.Facts.Usage is null)
            return Fail(new ProviderFault(ErrorKind.Cut, new NextStep.NextRoute(), Message: "The stream ended without an end of the answer."));
        if (!answer.HasContent && string.IsNullOrEmpty(book.Facts.Finish))
            return Fail(new ProviderFault(ErrorKind.Malformed, new NextStep.NextRoute(), Message: "The answer says nothing."));
        if (answer.Rest(chunk) is not { } rest) return AttemptRead.End;
        Update = rest;
        return AttemptRead.Content;
    }

    /// <summary>Sets the time that the next read has, by what has come so far.</summary>
    void Allow()
    {
        if (book.Facts.Finish is not null) clock.Until(usageDueAt, ErrorKind.TooLong);
        else if (answer.HasContent) clock.Until(clock.After(lastSignAt, limits.Idle), ErrorKind.Stalled);
        else if (!route.IsStreamed) clock.Until(long.MaxValue, ErrorKind.TooLong); // it is silent until it is there
        else
        {
            var (silent, late) = (clock.After(lastSignAt, limits.Silence), clock.After(startedAt, limits.FirstToken));
            clock.Until(Math.Min(silent, late), silent < late ? ErrorKind.Silent : ErrorKind.NoFirstToken);
        }
    }

    void AllowIdle() => clock.Until(clock.After(clock.Now, limits.Idle), ErrorKind.Stalled);

    /// <returns>What an exception means; null when it is nothing that a call may meet.</returns>
    AttemptRead? Judge(Exception exception)
    {
        if (book.IsClosed) return null;
        if (caller.IsCancellationRequested)
        {
            book.Cancel(wire);
            return null;
        }
        var fault = AttemptFaults.Of(exception, clock, wire, limits);
        if (fault is null)
        {
            book.Close("failed", wire, new ProviderFault(ErrorKind.Malformed, new NextStep.FailToCaller(), Message: exception.GetType().Name));
            return null;
        }
        // All of its content has come: only the word what it cost has not.
        return book.Facts.Finish is { } finish && finish != "error" ? AttemptRead.End : Fail(fault);
    }

    AttemptRead Fail(ProviderFault fault)
    {
        Fault = fault;
        return AttemptRead.Fault;
    }

    AttemptRead Settle(AttemptRead read)
    {
        if (read == AttemptRead.End) book.Close("succeeded", wire, null);
        if (read == AttemptRead.Fault) book.Close("failed", wire, Fault);
        return read;
    }

    /// <summary>Lets go of the provider at once. While the answer is being read, the read ends and does so.</summary>
    void Leave()
    {
        if (!book.IsClosed) clock.End();
        if (Interlocked.CompareExchange(ref state, Left, Free) != Free) return;
        wire.Abort();
        book.Cancel(wire);
    }

    public async ValueTask DisposeAsync()
    {
        await onLeaving.DisposeAsync();
        book.Cancel(wire); // nobody reads on
        wire.LetGo(isWhole: isDone);
        clock.Dispose();
    }
}
