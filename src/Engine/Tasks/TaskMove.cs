namespace Engine.Tasks;

/// <summary>What a move of a task that a person asked for came to.</summary>
public abstract record TaskMove
{
    TaskMove() { } // closed: the kinds below are all there are

    /// <param name="State">What the task is now, as <c>governance_tasks</c> shows it.</param>
    public sealed record Done(string State) : TaskMove;

    public sealed record NoSuchTask : TaskMove;

    /// <param name="State">succeeded, failed, cancelled or dead.</param>
    public sealed record AlreadyEnded(string State, DateTimeOffset EndedAt) : TaskMove;

    /// <param name="Code">Stable, for programs.</param>
    public sealed record Refused(string Code, string Reason) : TaskMove;
}
