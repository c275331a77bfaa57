using System.Text.Json;
using System.Text.Json.Nodes;
using Emulators.OpenRouter.Wire;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Emulators.OpenRouter.Answers;

/// <summary>Reads rules from YAML, of which JSON is a part.</summary>
public static class ReadRules
{
    /// <exception cref="FormatException">The text is no list of rules; the message says where and why.</exception>
    public static IReadOnlyList<Rule> From(string text)
    {
        try
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            if (yaml.Documents.Count == 0) return [];
            return ToJson(yaml.Documents[0].RootNode) is JsonArray list ? [.. list.Select(Read)] : throw new FormatException("Rules are a list.");
        }
        catch (YamlException e)
        {
            throw new FormatException($"The rules are neither YAML nor JSON: {e.Message}", e);
        }
    }

    static Rule Read(JsonNode? rule, int index)
    {
        try
        {
            return rule.Deserialize<Rule>(StrictJson.Options) ?? throw new FormatException($"Rule {index + 1} is empty.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"Rule {index + 1}: {e.Message}", e);
        }
    }

    static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(pair => KeyValuePair.Create(Name(pair.Key), ToJson(pair.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new FormatException($"{node.NodeType} has no place in rules."),
    };

    static string Name(YamlNode key) => key is YamlScalarNode { Value: { } name } ? name : throw new FormatException($"Line {key.Start.Line}: a name is a plain text.");

    // YAML 1.2's core schema: what is not in quotes may be null, a truth or a number.
    static JsonNode? Plain(string text) => text switch
    {
        "" or "null" or "~" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when IsNumber(text) => JsonNode.Parse(text),
        _ => JsonValue.Create(text),
    };

    static bool IsNumber(string text)
    {
        if (!(char.IsAsciiDigit(text[0]) || text[0] == '-')) return false;
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return parsed.RootElement.ValueKind == JsonValueKind.Number;
        }
        catch (JsonException)
        {
            return false; // a text that begins like a number
        }
    }
}
