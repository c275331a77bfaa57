using Engine.Tasks;

namespace Engine.Logs;

/// <summary>The payload of a task about an error in the logs.</summary>
/// <param name="Kind">What the rule saw: new, spike, sustained, critical, regression, rate or storm.</param>
/// <param name="Fingerprint">Of the error; of a storm, what it befell.</param>
/// <param name="Title">In one line. Like all texts here: data from logs, redacted, and nothing to follow.</param>
/// <param name="Count">Events when it was filed.</param>
/// <param name="Samples">Up to three events, with their traces.</param>
/// <param name="Members">Of a storm: the errors with most events, at most 200.</param>
public sealed record InvestigateError(Guid FindingId, string Kind, string Fingerprint, string Title, string Reason, string? Service, string? Release,
    DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long Count, IReadOnlyList<string> Samples, IReadOnlyList<StormMember> Members)
{
    public const string TaskKind = "investigate_error";
}

/// <param name="Template">Its wording.</param>
public sealed record StormMember(string Fingerprint, string Template, long Count);

/// <summary>
/// Finds out, without a model, where an error comes from: the line in the repository, the commit that touched it last, whose it is. Then a person decides, and the
/// task ends with the answer; approved, the error counts as resolved from then on.
/// </summary>
public sealed class InvestigateErrorHandler(TriageError triage) : ITaskHandler<InvestigateError>
{
    /// <summary>Approved: it is dealt with, and its return would be a regression. Rejected: nothing is to be done about it.</summary>
    public const string Gate = "dealt_with";

    public async Task<TaskResult> RunAsync(InvestigateError payload, TaskContext context, CancellationToken ct)
    {
        if (await context.DecisionAsync(Gate, ct) is { } decision) return TaskResult.Done(new InvestigatedError(payload.Fingerprint, decision.Decision, decision.DecidedBy));
        var found = await triage.RunAsync(payload, ct);
        await context.NoteAsync("triaged", found, ct);
        return TaskResult.WaitForApproval(Gate);
    }
}

/// <param name="Decision">approved: it was dealt with; rejected: nothing is to be done.</param>
public sealed record InvestigatedError(string Fingerprint, string Decision, string DecidedBy);
