namespace Chaos.Kinds;

/// <summary>What every chaos task is told.</summary>
/// <param name="Tag">Of the filing that it came with.</param>
/// <param name="Ms">How long it works.</param>
/// <param name="Times">How many of its first epochs misbehave, in the way of the kind; as many as it likes when 0 is not enough.</param>
/// <param name="Way">Of those that have several, such as the death of a poison.</param>
public sealed record ChaosPayload(string Tag, int Ms)
{
    public int Times { get; init; }

    public string? Way { get; init; }

    /// <summary>The fire of a schedule that it is for.</summary>
    public string? FireTime { get; init; }
}
