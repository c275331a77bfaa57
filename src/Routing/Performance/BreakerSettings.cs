namespace Routing.Performance;

/// <summary>When a way to a model is closed, and how it is tried again.</summary>
public sealed record BreakerSettings
{
    /// <summary>Attempts that are remembered of each way.</summary>
    public int Remembered { get; init; } = 20;

    /// <summary>Attempts count for so long.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Fewer failures than these open nothing, whatever their share.</summary>
    public int LeastFailures { get; init; } = 5;

    /// <summary>Pauses double from opening to opening, up to the longest, each ± a fifth by chance.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where the pauses of a provider begin that refuses our key or our money: that does not pass within seconds.</summary>
    public TimeSpan FirstPauseWhenOut { get; init; } = TimeSpan.FromMinutes(1);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Opened again so soon after it was closed, it goes on with the pauses where it had stopped.</summary>
    public TimeSpan Relapse { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Probes in a row that must go well before a way is open again; one is enough for a provider that was out.</summary>
    public int GoodProbes { get; init; } = 2;

    /// <summary>How long a probe may take before another is let through.</summary>
    public TimeSpan ProbeLease { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A ticket that found no call in this time is given back, for a process that has one.</summary>
    public TimeSpan TicketUnused { get; init; } = TimeSpan.FromSeconds(10);
}
