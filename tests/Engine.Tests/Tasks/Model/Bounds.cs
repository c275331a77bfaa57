namespace Engine.Tests.Tasks.Model;

/// <summary>What may go wrong, or be ordered by people, at any moment.</summary>
[Flags]
public enum Troubles
{
    None = 0,
    Death = 1,
    Freeze = 2,
    LostReply = 4,
    Drain = 8,
    Cancel = 16,
}

/// <summary>
/// How large the world is. Nothing is cut off within: failures, losses, snoozes and redrives are counted by the tasks themselves, a worker
/// that is late or told to stop takes nothing new, and a host starts again once. So there are only so many states, and all are visited.
/// </summary>
/// <param name="Workers">2, or 3 when the first one's host may start again, whether the old process is dead or only frozen.</param>
/// <param name="Slots">How many tasks a worker holds, one of them running.</param>
/// <param name="Failures">With that many a task is parked.</param>
/// <param name="Losses">With that many lost workers a task is quarantined.</param>
/// <param name="Dag">The third task waits for the first two.</param>
/// <param name="Gate">Each task asks for an approval before its effect.</param>
/// <param name="BlindOutside">
/// The outside cannot ask who owns a task when a call lands, so clocks must do: a worker calls only before 2/3 of its lease, and the call
/// ends, in one way or the other, within the last third. When a task is cancelled meanwhile, that cannot be helped.
/// </param>
public sealed record Bounds(
    int Tasks, int Workers, Troubles Troubles, int Slots = 1, int Failures = 1, int Losses = 3, int Snoozes = 0, int Redrives = 0,
    bool Dag = false, bool Gate = false, bool BlindOutside = false)
{
    public bool Allow(Troubles trouble) => Troubles.HasFlag(trouble);

    public bool IsParent(int task) => Dag && task < ModelState.Child;

    public bool IsChild(int task) => Dag && task == ModelState.Child;
}
