namespace Routing.Providers.Wire;

/// <summary>What follows a failed attempt.</summary>
public abstract record NextStep
{
    NextStep() { } // closed: the kinds below are all there are

    /// <summary>Nobody would answer it otherwise.</summary>
    public sealed record FailToCaller : NextStep;

    public sealed record NextRoute : NextStep;

    /// <summary>The same once more, then the next.</summary>
    public sealed record RetryOnceSameRoute : NextStep;

    /// <summary>One with a larger context than this.</summary>
    public sealed record LargerModel : NextStep;

    /// <summary>The whole provider is out, with all its models, and a person must look; others may serve.</summary>
    public sealed record OpenBreakerForProvider : NextStep;

    /// <summary>The same after that time, where it is short enough to wait; else the next.</summary>
    public sealed record WaitRetryAfter(TimeSpan Time) : NextStep;
}
