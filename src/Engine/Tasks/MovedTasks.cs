namespace Engine.Tasks;

/// <summary>What one pass of a duty moved.</summary>
/// <param name="Lanes">Those that have something to claim now; workers were told.</param>
/// <param name="NextAt">When there is something to do again, not later than now when there is more already, though another node may be at it; null: nothing is known.</param>
public sealed record MovedTasks(int Count, IReadOnlyList<int> Lanes, DateTimeOffset? NextAt);
