namespace Engine.Schedules;

/// <summary>One fire of a schedule that the caller alone has begun.</summary>
/// <param name="FireTime">The time that was due; of a manual fire, when it was asked for.</param>
/// <param name="StartedAt">Also the fence: whoever writes the outcome names it.</param>
public sealed record ScheduledFire(Guid FireId, string Name, string Duty, DateTimeOffset FireTime, bool Manual, DateTimeOffset StartedAt);
