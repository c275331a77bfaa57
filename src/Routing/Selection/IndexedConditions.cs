using System.Globalization;
using Routing.Policies;

namespace Routing.Selection;

/// <summary>Conditions of a policy, ready to be asked.</summary>
sealed class IndexedConditions
{
    readonly PolicyConditions when;
    readonly ConditionRanges ranges;

    public IndexedConditions(PolicyConditions conditions)
    {
        when = conditions;
        ranges = ConditionRanges.Of(conditions, "", []); // what cannot be read was refused long before
    }

    /// <returns>Which condition the request does not meet, in words; null when it meets all.</returns>
    public string? Unmet(RoutingRequest request)
    {
        if (!ranges.Complexity.Contains(request.Complexity))
            return string.Create(CultureInfo.InvariantCulture, $"It is for a complexity {when.Complexity}, this is {request.Complexity:0.00}.");
        if (!ranges.InputTokens.Contains(request.InputTokens)) return $"It is for input_tokens {when.InputTokens}, this has about {request.InputTokens}.";
        if (!ranges.InputBytes.Contains(request.InputBytes)) return $"It is for input_bytes {when.InputBytes}, this has {request.InputBytes}.";
        if (when.TaskTypes.Count > 0 && !(request.TaskType is { } type && when.TaskTypes.Contains(type)))
            return $"It is for tasks of the type {string.Join(" or ", when.TaskTypes)}, this is {(request.TaskType is null ? "of none" : PolicyNames.Cut(request.TaskType))}.";
        if (when.Labels.Count == 0) return null;
        foreach (var (label, value) in when.Labels)
            if (!request.Labels.TryGetValue(label, out var actual) || actual != value)
                return $"It is for requests with the label {label}={value}, this has {(actual is null ? "none of that name" : $"{label}={PolicyNames.Cut(actual)}")}.";
        return null;
    }

    /// <returns>That the model was slower lately than the condition allows, in words; null when it was not, or nothing is known.</returns>
    public string? Unmet(ModelRecord? record)
    {
        if (when.Latency is null || (record?.LatencyP95 ?? record?.LatencyP50) is not { } latency || ranges.LatencyMs.Contains(latency.TotalMilliseconds)) return null;
        return string.Create(CultureInfo.InvariantCulture, $"It is used while it answers in {when.Latency}, and lately it took {latency.TotalMilliseconds:0} ms.");
    }
}
