using Microsoft.Extensions.AI;

namespace Routing.Calls;

/// <summary>How an answer came about: in the additional properties of a response and of the last update of a stream.</summary>
/// <param name="Attempts">How many it took.</param>
/// <param name="FirstToken">Null: it was not asked for as a stream.</param>
/// <param name="IsCostEstimated">The provider has not said yet; the most that it can be.</param>
public sealed record RoutedAnswer(Guid SelectionId, string Policy, string Provider, string Model, decimal CostUsd, bool IsCostEstimated, TimeSpan Latency, TimeSpan? FirstToken,
    int Attempts, IReadOnlyList<string> Reasons)
{
    const string Whole = "routing";

    /// <returns>Null when no routed call has made it.</returns>
    public static RoutedAnswer? Of(AdditionalPropertiesDictionary? properties) => properties?.TryGetValue(Whole, out var value) == true ? value as RoutedAnswer : null;

    internal AdditionalPropertiesDictionary Properties() => new()
    {
        [Whole] = this, ["selection_id"] = SelectionId, ["policy"] = Policy, ["provider"] = Provider, ["model"] = Model, ["cost_usd"] = CostUsd,
        ["cost_estimated"] = IsCostEstimated, ["latency"] = Latency, ["attempts"] = Attempts, ["reasons"] = Reasons,
    };
}
