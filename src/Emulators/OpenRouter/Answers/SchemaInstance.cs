using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emulators.OpenRouter.Answers;

/// <summary>The smallest value that satisfies a JSON schema, as far as models' schemas go: required members, least lengths, first choices.</summary>
sealed class SchemaInstance(JsonElement root)
{
    const int Deepest = 32;

    public static JsonNode? Of(JsonElement schema) => new SchemaInstance(schema).Make(schema, 0);

    JsonNode? Make(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > Deepest) return null;
        if (Get(schema, "$ref") is { ValueKind: JsonValueKind.String } reference) return Resolve(reference.GetString()!) is { } target ? Make(target, depth + 1) : null;
        if (Get(schema, "const") is { } constant) return Node(constant);
        if (Get(schema, "default") is { } usual) return Node(usual);
        if (Get(schema, "enum") is { ValueKind: JsonValueKind.Array } choices && choices.GetArrayLength() > 0) return Node(choices[0]);
        foreach (var name in new[] { "anyOf", "oneOf" })
            if (Get(schema, name) is { ValueKind: JsonValueKind.Array } any && any.GetArrayLength() > 0) return Make(any[0], depth + 1);
        if (Get(schema, "allOf") is { ValueKind: JsonValueKind.Array } all) return Merge(all, depth);
        return TypeOf(schema) switch
        {
            "object" => Object(schema, depth),
            "array" => new JsonArray([.. Enumerable.Range(0, Number(schema, "minItems") ?? 0).Select(_ => Get(schema, "items") is { } items ? Make(items, depth + 1) : null)]),
            "string" => JsonValue.Create(Text(schema)),
            "integer" => JsonValue.Create((long)Math.Ceiling(Least(schema))),
            "number" => JsonValue.Create(Least(schema)),
            "boolean" => JsonValue.Create(true),
            _ => null,
        };
    }

    JsonObject Object(JsonElement schema, int depth)
    {
        var made = new JsonObject();
        if (Get(schema, "required") is not { ValueKind: JsonValueKind.Array } required || Get(schema, "properties") is not { ValueKind: JsonValueKind.Object } properties) return made;
        foreach (var name in required.EnumerateArray().Select(r => r.GetString()!))
            made[name] = properties.TryGetProperty(name, out var property) ? Make(property, depth + 1) : null;
        return made;
    }

    JsonObject Merge(JsonElement all, int depth)
    {
        var merged = new JsonObject();
        foreach (var part in all.EnumerateArray())
            if (Make(part, depth + 1) is JsonObject made)
                foreach (var (name, value) in made) merged[name] = value?.DeepClone();
        return merged;
    }

    JsonElement? Resolve(string reference)
    {
        if (!reference.StartsWith('#')) return null;
        var at = root;
        foreach (var step in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(Unescape(step), out at)) return null;
        return at;
    }

    static string Unescape(string step) => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    static string? TypeOf(JsonElement schema) => Get(schema, "type") switch
    {
        { ValueKind: JsonValueKind.String } one => one.GetString(),
        { ValueKind: JsonValueKind.Array } several => several.EnumerateArray().Select(t => t.GetString()).FirstOrDefault(t => t != "null"),
        _ => Get(schema, "properties") is null ? null : "object",
    };

    static string Text(JsonElement schema) => (Get(schema, "format") is { ValueKind: JsonValueKind.String } format ? format.GetString() : null) switch
    {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "email" => "a@example.com",
        "uri" => "https://example.com/",
        "ipv4" => "127.0.0.1",
        _ => "emulated".Length >= (Number(schema, "minLength") ?? 0)
            ? "emulated"[..Math.Min("emulated".Length, Number(schema, "maxLength") ?? int.MaxValue)] : new string('e', Number(schema, "minLength")!.Value),
    };

    static double Least(JsonElement schema)
    {
        var least = Get(schema, "minimum") is { ValueKind: JsonValueKind.Number } minimum ? minimum.GetDouble()
            : Get(schema, "exclusiveMinimum") is { ValueKind: JsonValueKind.Number } above ? above.GetDouble() + 1
            : Get(schema, "maximum") is { ValueKind: JsonValueKind.Number } maximum ? Math.Min(0, maximum.GetDouble()) : 0;
        return Get(schema, "multipleOf") is { ValueKind: JsonValueKind.Number } multiple ? Math.Ceiling(least / multiple.GetDouble()) * multiple.GetDouble() : least;
    }

    static int? Number(JsonElement schema, string name) => Get(schema, name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;

    static JsonElement? Get(JsonElement schema, string name) => schema.TryGetProperty(name, out var value) ? value : null;

    static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());
}
