namespace Routing.Calls;

/// <summary>
/// Where every attempted call is entered before it leaves and closed when it has ended: its money held in all budgets that it falls under,
/// its row in <c>model_selections</c>, its end settled. Nothing is called past it.
/// </summary>
public interface ICallLedger
{
    /// <summary>Holds the money and writes the row; both are durable when this returns. A refusal leaves nothing behind.</summary>
    /// <exception cref="TimeoutException">The database did not answer; nothing may be called.</exception>
    Task<CallOpening> OpenAsync(NewCall call, CancellationToken ct);

    /// <summary>Keeps the provider's name for a call as soon as it is known, so that its cost can be asked for whatever happens to this process.</summary>
    void NoteGeneration(OpenCall call, string generationId);

    /// <summary>Tells how a call went, once. The row follows in a batch, also when the process is stopping.</summary>
    /// <exception cref="InvalidOperationException">It was closed before.</exception>
    void Close(OpenCall call, CallEnd end);

    /// <summary>When everything that was closed so far is in the database.</summary>
    Task FlushAsync(CancellationToken ct);
}
