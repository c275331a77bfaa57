namespace Routing.Calls;

/// <summary>A call whose money is held. It is closed exactly once; the ledger refuses a second time.</summary>
public sealed class OpenCall(NewCall call)
{
    int isClosed;

    public NewCall Call => call;

    public Guid SelectionId => call.SelectionId;

    /// <returns>False when it was closed before.</returns>
    internal bool TryClose() => Interlocked.Exchange(ref isClosed, 1) == 0;
}
