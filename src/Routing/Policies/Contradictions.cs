namespace Routing.Policies;

/// <summary>What no schema can say: members of a policy that do not go together.</summary>
static class Contradictions
{
    static readonly PolicyConditions Always = new();
    static readonly NumberRange Share = new(0, true, 1, true), NotNegative = NumberRange.All with { Low = 0, HasLow = true };

    public static IEnumerable<string> In(PolicyConfig config)
    {
        if (config.MinTokens > config.MaxTokens) yield return $"min_tokens must be at most max_tokens, {config.MaxTokens}, is {config.MinTokens}.";
        if (config.Weights is { Cost: 0, Quality: 0, Latency: 0 }) yield return "weights must not all be 0.";
        foreach (var twice in config.Models.CountBy(m => m.Model).Where(c => c.Value > 1)) yield return $"models has {twice.Key} {twice.Value} times.";
        foreach (var model in config.Models.Where(m => m.Aliases.Contains(m.Model))) yield return $"models has {model.Model} as its own successor.";
        foreach (var provider in config.Data.AllowProviders.Intersect(config.Data.DenyProviders))
            yield return $"data.deny_providers has {provider}, which data.allow_providers has too.";

        var problems = new List<string>();
        var whole = config.When ?? Always;
        var wholeRanges = ConditionRanges.Of(whole, "when", problems);
        Empty(wholeRanges, whole, "when", problems);
        if (problems.Count == 0)
            for (var i = 0; i < config.Models.Count; i++)
                if (config.Models[i].When is { } when) InModel(when, $"models[{i}].when", whole, wholeRanges, problems);
        foreach (var problem in problems) yield return problem;
    }

    static void InModel(PolicyConditions when, string path, PolicyConditions whole, ConditionRanges wholeRanges, List<string> problems)
    {
        var before = problems.Count;
        var ranges = ConditionRanges.Of(when, path, problems);
        Empty(ranges, when, path, problems);
        if (problems.Count > before) return;

        var both = ranges.And(wholeRanges);
        Clash(both.Complexity, "complexity", when.Complexity, whole.Complexity);
        Clash(both.LatencyMs, "latency", when.Latency, whole.Latency);
        Clash(both.InputTokens, "input_tokens", when.InputTokens, whole.InputTokens);
        Clash(both.InputBytes, "input_bytes", when.InputBytes, whole.InputBytes);
        if (when.TaskTypes.Count > 0 && whole.TaskTypes.Count > 0 && !when.TaskTypes.Intersect(whole.TaskTypes).Any())
            problems.Add($"{path}.task_types has {string.Join(", ", when.TaskTypes)}, when.task_types has {string.Join(", ", whole.TaskTypes)}: no request meets both.");
        foreach (var (label, value) in when.Labels)
            if (whole.Labels.TryGetValue(label, out var other) && other != value)
                problems.Add($"{path}.labels wants {label} to be \"{value}\", when.labels wants \"{other}\": no request meets both.");

        void Clash(NumberRange range, string member, string? own, string? policys)
        {
            if (range.IsEmpty) problems.Add($"{path}.{member} is \"{own}\", when.{member} is \"{policys}\": nothing meets both.");
        }
    }

    static void Empty(ConditionRanges ranges, PolicyConditions when, string path, List<string> problems)
    {
        Never(ranges.Complexity, Share, "complexity", when.Complexity, "is from 0 to 1");
        Never(ranges.LatencyMs, NotNegative, "latency", when.Latency, "is never negative");
        Never(ranges.InputTokens, NotNegative, "input_tokens", when.InputTokens, "is never negative");
        Never(ranges.InputBytes, NotNegative, "input_bytes", when.InputBytes, "is never negative");
        if (!ranges.InputTokens.IsEmpty && !ranges.InputBytes.IsEmpty && ranges.InputTokens.Low >= ranges.InputBytes.High)
            problems.Add($"{path}.input_tokens is \"{when.InputTokens}\", {path}.input_bytes is \"{when.InputBytes}\": a token has at least a byte, so nothing meets both.");

        void Never(NumberRange range, NumberRange possible, string member, string? text, string what)
        {
            if (range.IsEmpty) problems.Add($"{path}.{member} is \"{text}\": the comparisons contradict each other, nothing meets both.");
            else if (range.And(possible).IsEmpty) problems.Add($"{path}.{member} is \"{text}\", and {what}: nothing meets that.");
        }
    }
}
