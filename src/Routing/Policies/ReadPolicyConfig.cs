using System.Text.Json;

namespace Routing.Policies;

/// <summary>Reads what somebody says a policy should be, and explains everything that is wrong with it by itself.</summary>
public static class ReadPolicyConfig
{
    const int MostChars = 256 * 1024;

    static readonly JsonDocumentOptions Form = new() { MaxDepth = 32 };

    public static PolicyReading Run(string json)
    {
        if (json.Length > MostChars) return new(null, [$"A policy has at most {MostChars} characters, this has {json.Length}."]);
        try
        {
            using var document = JsonDocument.Parse(json, Form);
            return Run(document.RootElement);
        }
        catch (JsonException e)
        {
            return new(null, [$"The policy is not JSON: {e.Message.Split(" LineNumber:")[0]}"]);
        }
    }

    public static PolicyReading Run(JsonElement json)
    {
        if (SchemaCheck.Problems(json, PolicySchema.Root) is { Count: > 0 } problems) return new(null, problems);
        var config = json.Deserialize<PolicyConfig>(PolicyConfig.Json)!;
        return Contradictions.In(config).ToArray() is { Length: > 0 } contradictions ? new(null, contradictions) : new(config, []);
    }
}

/// <param name="Config">Null when there are problems.</param>
/// <param name="Problems">A sentence each, that names path, limit and value.</param>
public sealed record PolicyReading(PolicyConfig? Config, IReadOnlyList<string> Problems);
