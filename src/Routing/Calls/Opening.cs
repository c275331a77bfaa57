using Routing.Budgets;

namespace Routing.Calls;

/// <summary>A call that waits to be entered.</summary>
/// <param name="waitsUntil">By the monotonic clock: how long it may wait for what others give back.</param>
sealed class Opening(NewCall call, long waitsUntil)
{
    readonly TaskCompletionSource<CallOpening> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public NewCall Call => call;

    /// <summary>Where its money is to be held, by the budgets as they were last read.</summary>
    public BudgetWindow[] Windows { get; set; } = [];

    public long WaitsUntil => waitsUntil;

    public Task<CallOpening> Answer => answer.Task;

    public bool IsAbandoned => answer.Task.IsCanceled;

    public void Abandon(CancellationToken ct) => answer.TrySetCanceled(ct);

    /// <returns>False when nobody waits for it any more.</returns>
    public bool Tell(CallOpening opening) => answer.TrySetResult(opening);

    public void Fail(Exception e) => answer.TrySetException(e);
}

/// <summary>A call that has ended and whose end is not written yet.</summary>
sealed record Closing(OpenCall Call, CallEnd End)
{
    /// <summary>As the table has it: twelve decimals.</summary>
    public decimal CostUsd { get; } = decimal.Round(End.CostUsd, 12);

    /// <summary>What of it was held, and moves from granted to settled.</summary>
    public decimal CoveredUsd => Math.Min(CostUsd, Call.Call.Hold.Usd);
}
