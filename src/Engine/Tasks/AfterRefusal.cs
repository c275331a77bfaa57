using Routing.Calls;
using Routing.Learning;

namespace Engine.Tasks;

/// <summary>What becomes of an attempt whose model call was refused before it was made.</summary>
static class AfterRefusal
{
    /// <summary>A budget may be raised before its window ends, so that it is looked at again until then.</summary>
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15), Spread = TimeSpan.FromSeconds(30);

    /// <param name="taskId">Tasks that wait for the same budget do not come back at the same moment.</param>
    /// <returns>Null when the exception is no refusal.</returns>
    public static TaskResult? Of(Exception exception, Guid taskId, DateTimeOffset now) => exception switch
    {
        BudgetExceededException { Refusal.Budget.ResetsAt: { } resetsAt } => TaskResult.Snooze(Min(Max(resetsAt - now, TimeSpan.Zero), LongestWait) + Spread * ExploreModels.Draw(taskId)),
        BudgetExceededException budget => TaskResult.Fail(TaskFault.Persistent, budget.Message), // nothing comes back by itself: somebody must raise it
        NoModelException { Code: "no_usable_model" } missing => TaskResult.Fail(TaskFault.Transient, missing.Message), // what stands still is tried again soon
        NoModelException missing => TaskResult.Fail(TaskFault.Persistent, missing.Message),
        _ => null,
    };

    static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
