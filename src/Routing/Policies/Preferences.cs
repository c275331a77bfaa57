namespace Routing.Policies;

/// <summary>
/// What callers may prefer, and what that means: weights that take the place of the policy's. They order a policy's models among those that
/// something is known of; they never bring in a model that the policy does not name.
/// </summary>
public static class Preferences
{
    public const string Fast = "fast", Quality = "quality", Code = "code", Balanced = "balanced";

    static readonly Dictionary<string, PolicyWeights> Table = new(StringComparer.Ordinal)
    {
        [Fast] = new(Cost: 0.2, Quality: 0.2, Latency: 0.6),        // somebody waits
        [Quality] = new(Cost: 0.1, Quality: 0.8, Latency: 0.1),     // a wrong answer costs more than the call
        [Code] = new(Cost: 0.2, Quality: 0.65, Latency: 0.15),      // wrong code is caught by tests, at the price of another round
        [Balanced] = PolicyWeights.Balanced,
    };

    public static IReadOnlyList<string> All { get; } = [Fast, Quality, Code, Balanced];

    /// <returns>Null when it is none of <see cref="All"/>.</returns>
    public static PolicyWeights? Weights(string preference) => Table.GetValueOrDefault(preference);
}
