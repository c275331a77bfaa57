namespace Routing.Policies;

/// <summary>The comparisons of conditions, read.</summary>
/// <param name="LatencyMs">In milliseconds.</param>
public sealed record ConditionRanges(NumberRange Complexity, NumberRange LatencyMs, NumberRange InputTokens, NumberRange InputBytes)
{
    static readonly (string, double)[] Plain = [("", 1)], Times = [("ms", 1), ("s", 1000)], Tokens = [("", 1), ("tokens", 1)], Bytes = [("", 1), ("bytes", 1)];

    /// <param name="problems">Gets a sentence for each that cannot be read.</param>
    public static ConditionRanges Of(PolicyConditions when, string path, List<string> problems)
    {
        return new(
            Read(when.Complexity, "complexity", Plain), Read(when.Latency, "latency", Times),
            Read(when.InputTokens, "input_tokens", Tokens), Read(when.InputBytes, "input_bytes", Bytes));

        NumberRange Read(string? text, string member, (string, double)[] units)
        {
            if (text is null) return NumberRange.All;
            var range = NumberRange.Parse(text, units, out var problem);
            if (problem is not null) problems.Add($"{path}.{member}: {problem}.");
            return range;
        }
    }

    public ConditionRanges And(ConditionRanges other) =>
        new(Complexity.And(other.Complexity), LatencyMs.And(other.LatencyMs), InputTokens.And(other.InputTokens), InputBytes.And(other.InputBytes));
}
