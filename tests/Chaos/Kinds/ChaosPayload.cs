namespace Chaos.Kinds;

/// <summary>What every chaos task is told.</summary>
/// <param name="Tag">Of the filing that it came with.</param>
/// <param name="Ms">How long it works.</param>
public sealed record ChaosPayload(string Tag, int Ms)
{
    /// <summary>How many of its first epochs misbehave, in the way of the kind.</summary>
    public int Times { get; init; }

    /// <summary>Of kinds that have several, such as the death of a poison.</summary>
    public string? Way { get; init; }

    /// <summary>The fire of a schedule that it is for.</summary>
    public string? FireTime { get; init; }
}
