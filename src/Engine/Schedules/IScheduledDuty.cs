namespace Engine.Schedules;

/// <summary>What a schedule may do. A duty may run twice at a time on two nodes if one of them is cut off, so it must bear that.</summary>
public interface IScheduledDuty
{
    /// <summary>As the column <c>duty</c> names it; snake case.</summary>
    string Name { get; }

    /// <returns>What was done, as a sentence for operators.</returns>
    /// <exception cref="DutyFailedException">It found what a person must look at.</exception>
    Task<string> RunAsync(ScheduledFire fire, CancellationToken ct);
}

/// <summary>A duty did its work and the result is bad news; the message is what operators read.</summary>
public sealed class DutyFailedException(string message) : Exception(message);
