namespace Engine.Workers;

/// <summary>How well a worker does by its last ten attempts: healthy ones get their full share, degraded ones half, unhealthy ones nothing.</summary>
public static class WorkerHealth
{
    public const string Healthy = "healthy", Degraded = "degraded", Unhealthy = "unhealthy";

    /// <summary>So many attempts must be known before anything is said of them: as many failures of one kind open its breaker, and then they are the kind's.</summary>
    const int Enough = 6;

    /// <param name="outcomes">The last ten, s or f.</param>
    /// <param name="slowness">Its mean run time as a multiple of the other workers' median; null when that is not known.</param>
    public static string Of(string outcomes, double? slowness)
    {
        if (outcomes.Length >= Enough)
        {
            var good = outcomes.Count(o => o == 's') / (double)outcomes.Length;
            if (good < 0.2) return Unhealthy;
            if (good < 0.5) return Degraded;
        }
        return slowness > 3 ? Degraded : Healthy;
    }
}
