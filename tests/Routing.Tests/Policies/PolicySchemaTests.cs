using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Routing.Policies;
using Support;

namespace Routing.Tests.Policies;

/// <summary>The published schema and the record are one: the same members, of the same types, with the same defaults.</summary>
public sealed class PolicySchemaTests
{
    static readonly JsonNode Published = JsonNode.Parse(PolicySchema.Text)!;

    [Fact]
    public void The_schema_that_is_served_is_the_file_of_the_repository() =>
        Assert.Equal(File.ReadAllText(RepositoryFile.Path("src", "Routing", "Policies", "policy.schema.json")), PolicySchema.Text);

    [Fact]
    public void Schema_and_record_have_the_same_members() =>
        Assert.Equal(Members(PolicyConfig.Json.GetJsonSchemaAsNode(typeof(PolicyConfig)), "").Order(StringComparer.Ordinal), Members(Published, "").Order(StringComparer.Ordinal));

    [Fact]
    public void A_policy_with_nothing_but_what_it_must_have_gets_the_defaults_of_the_schema()
    {
        var config = ReadPolicyConfig.Run("""{"models":[{"model":"a/b","priority":1,"when":{}}],"max_cost_per_task_usd":1}""").Config!;
        var read = JsonSerializer.SerializeToNode(config, PolicyConfig.Json)!;

        Assert.NotEmpty(Defaults(Published, "").ToArray());
        Assert.All(Defaults(Published, ""), d => Assert.True(JsonNode.DeepEquals(d.Default, At(read, d.Path)), $"{d.Path} is {At(read, d.Path)?.ToJsonString()}, by the schema {d.Default?.ToJsonString()}"));
    }

    [Fact]
    public void What_is_written_can_be_read_again()
    {
        var config = new PolicyConfig
        {
            Description = "All there is.", Aliases = ["other"], MaxCostPerTaskUsd = 0.10m, MaxTokens = 2000, MinTokens = 100, Temperature = 0.3, Weights = new(1, 0.5, 0), Requires = ["tools"],
            Models = [new("a/b", 2) { Aliases = ["a/c"], When = new() { TaskTypes = ["plan"], Complexity = ">0.7", Latency = "<1000ms", InputTokens = ">8000 tokens", InputBytes = ">=1 bytes" } }, new("llama3.1:8b", 1)],
            When = new() { Labels = new Dictionary<string, string> { ["team"] = "ops" } }, Data = new() { ZeroRetention = true, EuOnly = true, AllowProviders = ["local"], DenyProviders = ["my-other"] },
            DowngradeTo = ["ops"], UpgradeOnContext = ["deep"],
        };

        var read = ReadPolicyConfig.Run(JsonSerializer.Serialize(config, PolicyConfig.Json));

        Assert.Empty(read.Problems);
        Assert.Empty(DiffPolicies.Changes(config, read.Config!));
    }

    /// <summary>Paths of all members with their types, the types of items included.</summary>
    static IEnumerable<string> Members(JsonNode node, string path)
    {
        node = Resolved(node);
        var type = node["type"] is JsonArray several ? several.Select(t => t!.ToString()).First(t => t != "null") : node["type"]!.ToString();
        yield return $"{path}: {type}";
        if (node["items"] is { } items) foreach (var member in Members(items, path + "[]")) yield return member;
        if (node["additionalProperties"] is JsonObject values) foreach (var member in Members(values, path + "{}")) yield return member;
        foreach (var (name, value) in node["properties"] as JsonObject ?? [])
            foreach (var member in Members(value!, $"{path}.{name}")) yield return member;
    }

    static IEnumerable<(string Path, JsonNode? Default)> Defaults(JsonNode node, string path)
    {
        if (node["default"] is { } known) yield return (path, known);
        if (path == ".when") yield break; // the policy's own are absent; the model's are there
        node = Resolved(node);
        if (node["items"] is { } items && path == ".models") foreach (var inner in Defaults(items, path + "[]")) yield return inner;
        foreach (var (name, value) in node["properties"] as JsonObject ?? [])
            foreach (var inner in Defaults(value!, $"{path}.{name}")) yield return inner;
    }

    static JsonNode Resolved(JsonNode node) => node["$ref"] is { } reference && reference.ToString().StartsWith("#/$defs/", StringComparison.Ordinal)
        ? Published["$defs"]![reference.ToString()["#/$defs/".Length..]]! : node["$ref"] is { } pointer ? Pointed(pointer.ToString()) : node;

    /// <summary>The exporter names a schema that it has written before by where that stands.</summary>
    static JsonNode Pointed(string pointer) => pointer.Split('/').Skip(1).Aggregate(PolicyConfig.Json.GetJsonSchemaAsNode(typeof(PolicyConfig)), (node, part) => node[part]!);

    static JsonNode? At(JsonNode node, string path) => path.Split('.', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode?)node,
        (at, part) => part.EndsWith("[]", StringComparison.Ordinal) ? at?[part[..^2]]?[0] : at?[part]);
}
