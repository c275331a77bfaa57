using Routing.Budgets;

namespace Routing.Calls;

/// <summary>A call that is entered and whose money is held. It is closed exactly once; a second time is an error of the caller's.</summary>
/// <param name="windows">Where its money is held.</param>
/// <param name="holderId">The start of a process that holds it.</param>
public sealed class OpenCall(NewCall call, BudgetWindow[] windows, Guid holderId)
{
    int isClosed;

    public NewCall Call => call;

    public Guid SelectionId => call.SelectionId;

    internal BudgetWindow[] Windows => windows;

    internal Guid HolderId => holderId;

    /// <exception cref="InvalidOperationException">It was closed before.</exception>
    internal void CloseOnce()
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0) throw new InvalidOperationException($"Call {call.SelectionId} was closed twice.");
    }
}
