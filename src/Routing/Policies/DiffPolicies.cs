using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Routing.Policies;

/// <summary>What is different between two versions of a policy, member by member.</summary>
public static class DiffPolicies
{
    static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="before">Null: there was none.</param>
    public static IReadOnlyList<PolicyChange> Changes(PolicyConfig? before, PolicyConfig after)
    {
        var changes = new List<PolicyChange>();
        Compare("", before is null ? new JsonObject() : JsonSerializer.SerializeToNode(before, PolicyConfig.Json), JsonSerializer.SerializeToNode(after, PolicyConfig.Json), changes);
        return changes;
    }

    static void Compare(string path, JsonNode? before, JsonNode? after, List<PolicyChange> changes)
    {
        switch (before, after)
        {
            case (JsonObject a, JsonObject b):
                foreach (var name in a.Select(m => m.Key).Union(b.Select(m => m.Key))) Compare(path.Length == 0 ? name : $"{path}.{name}", a[name], b[name], changes);
                break;
            case (JsonArray a, JsonArray b) when Models(a) is { } was && Models(b) is { } becomes: // by slug: a model that is moved is still the same
                foreach (var slug in was.Keys.Union(becomes.Keys)) Compare($"{path}[{slug}]", was.GetValueOrDefault(slug), becomes.GetValueOrDefault(slug), changes);
                string[] stayed = [.. was.Keys.Intersect(becomes.Keys)], stay = [.. becomes.Keys.Intersect(was.Keys)];
                if (!stayed.SequenceEqual(stay)) changes.Add(new PolicyChange($"{path}, in the order", string.Join(", ", stayed), string.Join(", ", stay)));
                break;
            case var _ when !JsonNode.DeepEquals(before, after):
                changes.Add(new PolicyChange(path, before?.ToJsonString(Readable), after?.ToJsonString(Readable)));
                break;
        }
    }

    /// <returns>Null when the array is not one of models.</returns>
    static Dictionary<string, JsonNode>? Models(JsonArray array)
    {
        var models = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var item in array)
            if (item is not JsonObject { } model || model["model"] is not JsonValue slug || !models.TryAdd(slug.ToString(), model)) return null;
        return models.Count > 0 ? models : null;
    }
}

/// <param name="Path">Such as <c>models[openai/gpt-4o].priority</c>.</param>
/// <param name="Before">As JSON; null: it was not there.</param>
/// <param name="After">As JSON; null: it is not there any more.</param>
public sealed record PolicyChange(string Path, string? Before, string? After);
