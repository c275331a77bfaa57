using System.Text.Json;
using System.Text.Json.Serialization;

namespace Routing.Policies;

/// <summary>
/// What a policy says; its JSON form is published as a schema, <c>policy.schema.json</c>, which has the limits and the defaults too. What is absent is left out
/// when it is written, whoever writes it: what was shown can be given back.
/// </summary>
public sealed record PolicyConfig
{
    /// <summary>The one form of a policy in tables and on wires.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, PropertyNameCaseInsensitive = false, NumberHandling = JsonNumberHandling.Strict,
    };

    /// <summary>What it is for, in words; null: nobody has said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary>Other names that it is asked for by.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Which models it may use.</summary>
    [JsonRequired]
    public IReadOnlyList<PolicyModel> Models { get; init; } = [];

    /// <summary>What all calls of a task may cost together.</summary>
    [JsonRequired]
    public decimal MaxCostPerTaskUsd { get; init; }

    /// <summary>Output that a call may produce.</summary>
    public int MaxTokens { get; init; } = 4000;

    /// <summary>The floor: output is never limited to less than this because money or context is short.</summary>
    public int MinTokens { get; init; } = 256;

    /// <summary>Null: the model's own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; init; }

    public PolicyWeights Weights { get; init; } = PolicyWeights.Balanced;

    /// <summary>Holds for all of its models.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PolicyConditions? When { get; init; }

    /// <summary>What every model must be able to do, in the words of a request's needs.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    public DataRules Data { get; init; } = new();

    /// <summary>Policies that stand in, in this order, when none of its own models fits the money that is left or can be used at all.</summary>
    public IReadOnlyList<string> DowngradeTo { get; init; } = [];

    /// <summary>Policies that stand in, in this order, for inputs that are longer than all of its own models take.</summary>
    public IReadOnlyList<string> UpgradeOnContext { get; init; } = [];
}

/// <param name="Model">Its slug, such as <c>openai/gpt-4o-mini</c>.</param>
/// <param name="Priority">1 is the first choice; of equal ones the first that is listed.</param>
public sealed record PolicyModel(string Model, int Priority)
{
    /// <summary>Successors: the first of them that the catalog has stands in for a model that has left it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>When it may be used; null: always.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PolicyConditions? When { get; init; }
}

/// <summary>What counts how much once something is known of a policy's models; only the proportions matter.</summary>
public sealed record PolicyWeights(double Cost, double Quality, double Latency)
{
    public static readonly PolicyWeights Balanced = new(0.4, 0.4, 0.2);

    /// <summary>The same proportions with a sum of 1.</summary>
    public PolicyWeights Normalised() => Cost + Quality + Latency is > 0 and var sum ? new(Cost / sum, Quality / sum, Latency / sum) : Balanced;
}

/// <summary>What must hold of a request, or of a model at the moment; a member that is absent always does.</summary>
public sealed record PolicyConditions
{
    /// <summary>One of these; a request without a type is none.</summary>
    public IReadOnlyList<string> TaskTypes { get; init; } = [];

    /// <summary>Such as <c>&gt;0.7</c> or <c>&gt;=0.3, &lt;0.7</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Complexity { get; init; }

    /// <summary>What 95 % of the model's calls took at most, such as <c>&lt;1000ms</c>. As long as nothing is known it holds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Latency { get; init; }

    /// <summary>Estimated, such as <c>&gt;8000</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? InputTokens { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? InputBytes { get; init; }

    /// <summary>The request must carry all of these.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
}

/// <summary>Where data may go.</summary>
public sealed record DataRules
{
    /// <summary>Only to providers that keep nothing of what is sent.</summary>
    public bool ZeroRetention { get; init; }

    /// <summary>Only to where it is known to be computed in the EU.</summary>
    public bool EuOnly { get; init; }

    /// <summary>Only to these providers; empty: to any.</summary>
    public IReadOnlyList<string> AllowProviders { get; init; } = [];

    public IReadOnlyList<string> DenyProviders { get; init; } = [];
}
