using System.Diagnostics;
using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Tasks;

/// <summary>What people do to tasks: cancel, retry, redrive, decide.</summary>
public static class MovesApi
{
    public static void MapMoves(this RouteGroupBuilder tasks)
    {
        tasks.MapPost("/{taskId:guid}/cancel", Cancel).RequireAuthorization(Roles.Operator).WithSummary("Cancels a live task; whoever runs it is told, and refused from here on.");
        tasks.MapPost("/{taskId:guid}/retry", Retry).RequireAuthorization(Roles.Operator).WithSummary("Lets a blocked or scheduled task run now, with its counters at zero.");
        tasks.MapPost("/{taskId:guid}/redrive", Redrive).RequireAuthorization(Roles.Operator).WithSummary("Brings back a task that ended as failed, cancelled or dead; its history stays. One whose deadline has passed needs a new one, or none.");
        tasks.MapPost("/{taskId:guid}/gates/{gate}", Decide)
            .WithSummary("Decides at a gate. The first decision of an opening stands; a further signal without an epoch is kept for the next opening. approved and rejected need the role approver, signalled the role operator.");
    }

    static async Task<Results<Ok<TaskMoveResponse>, ProblemHttpResult>> Cancel(Guid taskId, ReasonRequest? request, HttpContext http, CancelTask cancel, CancellationToken ct) =>
        ReasonRequest.Problem(request) ?? Answer(taskId, await cancel.RunAsync(taskId, request?.Reason, http.User.Caller().Actor, http.Source(), ct));

    static async Task<Results<Ok<TaskMoveResponse>, ProblemHttpResult>> Retry(Guid taskId, ReasonRequest? request, HttpContext http, RetryTask retry, CancellationToken ct) =>
        ReasonRequest.Problem(request) ?? Answer(taskId, await retry.RunAsync(taskId, request?.Reason, http.User.Caller().Actor, http.Source(), ct));

    static async Task<Results<Ok<TaskMoveResponse>, ProblemHttpResult>> Redrive(Guid taskId, RedriveRequest? request, HttpContext http, RedriveTask redrive, CancellationToken ct)
    {
        if (ReasonRequest.Problem(request?.Reason) is { } problem) return problem;
        if (request is { DeadlineAt: not null, NoDeadline: true }) return Refusal.Invalid("deadline_at and no_deadline exclude each other.");
        var deadline = request is { DeadlineAt: not null } or { NoDeadline: true } ? new NewDeadline(request.DeadlineAt) : null;
        return Answer(taskId, await redrive.RunAsync(taskId, request?.Reason, deadline, http.User.Caller().Actor, http.Source(), ct));
    }

    static async Task<Results<Ok<GateDecisionResponse>, ProblemHttpResult>> Decide(
        Guid taskId, string gate, DecideRequest request, HttpContext http, DecideGate decide, CancellationToken ct)
    {
        var role = request.Decision == GateVerdict.Signalled ? Roles.Operator : Roles.Approver;
        var caller = http.User.Caller();
        if (!Roles.Satisfying(role).Contains(caller.Role))
            return Refusal.Of("role_insufficient", $"This needs the role {role}; the token {caller.Prefix} has {caller.Role}.", StatusCodes.Status403Forbidden);
        var decision = JsonNamingPolicy.SnakeCaseLower.ConvertName($"{request.Decision}");
        return await decide.RunAsync(new NewDecision(taskId, gate, request.Epoch, decision, caller.Actor, request.Detail?.GetRawText(), http.Source()), ct) switch
        {
            DecisionOutcome.Taken taken => TypedResults.Ok(new GateDecisionResponse(taskId, gate, request.Decision, taken.Early)),
            DecisionOutcome.AlreadyTaken { First: var first } =>
                Refusal.Of("already_decided", $"{first.DecidedBy} was first and {first.Decision} it at {first.DecidedAt:yyyy-MM-dd HH:mm:ss} UTC; that stands."),
            DecisionOutcome.NoSuchTask => TasksApi.NoSuch(taskId),
            DecisionOutcome.Refused refused => Refused(refused.Code, refused.Reason),
            var other => throw new UnreachableException($"{other}"),
        };
    }

    internal static Results<Ok<TaskMoveResponse>, ProblemHttpResult> Answer(Guid taskId, TaskMove move) => move switch
    {
        TaskMove.Done done => TypedResults.Ok(new TaskMoveResponse(taskId, TaskStates.Find(done.State)!.Value)),
        TaskMove.NoSuchTask => TasksApi.NoSuch(taskId),
        TaskMove.AlreadyEnded ended => Refusal.Of("task_ended", $"The task has ended as {ended.State} at {ended.EndedAt:yyyy-MM-dd HH:mm:ss} UTC."),
        TaskMove.Refused refused => Refused(refused.Code, refused.Reason),
        var other => throw new UnreachableException($"{other}"),
    };

    static ProblemHttpResult Refused(string code, string reason) => code == "invalid_request" ? Refusal.Invalid(reason) : Refusal.Of(code, reason);
}

/// <param name="Reason">For those who ask later; up to 1,000 characters.</param>
public sealed record ReasonRequest(string? Reason = null)
{
    const int MaxReasonLength = 1000;

    /// <returns>Null, or why it is refused.</returns>
    public static ProblemHttpResult? Problem(ReasonRequest? request) => Problem(request?.Reason);

    public static ProblemHttpResult? Problem(string? reason) =>
        reason is { Length: > MaxReasonLength } ? Refusal.Invalid($"reason may have at most {MaxReasonLength} characters, has {reason.Length}.") : null;
}

/// <param name="Reason">For those who ask later; up to 1,000 characters.</param>
/// <param name="DeadlineAt">In place of its deadline; in the future.</param>
/// <param name="NoDeadline">It has no deadline from now on.</param>
public sealed record RedriveRequest(string? Reason = null, DateTimeOffset? DeadlineAt = null, bool NoDeadline = false);

/// <param name="State">What it is now.</param>
public sealed record TaskMoveResponse(Guid TaskId, TaskState State);

public enum GateVerdict { Approved, Rejected, Signalled }

/// <param name="Epoch">Of the opening that was looked at: a decision for an older one is refused. Null: whatever is open, or will be next.</param>
/// <param name="Detail">An object for the task and for people, up to 60 KiB.</param>
public sealed record DecideRequest(GateVerdict Decision, long? Epoch = null, JsonElement? Detail = null);

/// <param name="Early">The task has not asked yet, or not again; it will find the decision.</param>
public sealed record GateDecisionResponse(Guid TaskId, string Gate, GateVerdict Decision, bool Early);
