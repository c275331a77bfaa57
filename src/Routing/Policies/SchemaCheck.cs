using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Routing.Policies;

/// <summary>
/// Compares a document with a JSON schema and says what is wrong in sentences that name path, limit and value. It knows the keywords that our
/// schemas use and refuses a schema with others, so that a schema never promises what is not checked.
/// </summary>
static class SchemaCheck
{
    const int MostProblems = 20, MostValueChars = 60;
    static readonly TimeSpan RegexTime = TimeSpan.FromSeconds(1);

    static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "$defs", "$ref", "title", "description", "default", "type", "properties", "required", "additionalProperties", "maxProperties", "items", "minItems",
        "maxItems", "uniqueItems", "minimum", "maximum", "pattern", "minLength", "maxLength",
    };

    static readonly ConcurrentDictionary<string, Regex> Patterns = [];

    /// <returns>One sentence a problem, at most twenty; empty when the document is as the schema wants it.</returns>
    public static IReadOnlyList<string> Problems(JsonElement document, JsonElement schema)
    {
        var problems = new List<string>();
        Check(document, schema, "", schema, problems);
        return problems.Count > MostProblems ? [.. problems.Take(MostProblems), $"There are {problems.Count - MostProblems} more problems."] : problems;
    }

    static void Check(JsonElement value, JsonElement schema, string path, JsonElement root, List<string> problems)
    {
        foreach (var keyword in schema.EnumerateObject())
            if (!Known.Contains(keyword.Name)) throw new InvalidOperationException($"The schema has the keyword {keyword.Name} at {path}, which nothing checks.");
        if (schema.TryGetProperty("$ref", out var reference))
            Check(value, root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]), path, root, problems);
        if (!schema.TryGetProperty("type", out var type)) return;
        var name = path.Length == 0 ? "The policy" : path;
        switch (type.GetString())
        {
            case "object" when value.ValueKind == JsonValueKind.Object: CheckObject(value, schema, path, root, problems); break;
            case "array" when value.ValueKind == JsonValueKind.Array: CheckArray(value, schema, path, root, problems); break;
            case "string" when value.ValueKind == JsonValueKind.String: CheckText(value.GetString()!, schema, name, problems); break;
            case "number" when value.ValueKind == JsonValueKind.Number: CheckNumber(value, schema, name, problems); break;
            case "integer" when value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number == decimal.Truncate(number):
                CheckNumber(value, schema, name, problems);
                break;
            case "boolean" when value.ValueKind is JsonValueKind.True or JsonValueKind.False: break;
            case var wanted:
                problems.Add($"{name} must be {Article(wanted!)}, is {Shown(value)}.");
                break;
        }
    }

    static void CheckObject(JsonElement value, JsonElement schema, string path, JsonElement root, List<string> problems)
    {
        var prefix = path.Length == 0 ? "" : path + ".";
        var where = path.Length == 0 ? "a policy" : path;
        var members = schema.TryGetProperty("properties", out var properties) ? properties : default;
        var others = schema.TryGetProperty("additionalProperties", out var additional) ? additional : default;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            if (!seen.Add(member.Name)) problems.Add($"{prefix}{member.Name} is given twice.");
            else if (members.ValueKind == JsonValueKind.Object && members.TryGetProperty(member.Name, out var known)) Check(member.Value, known, prefix + member.Name, root, problems);
            else if (others.ValueKind == JsonValueKind.Object) Check(member.Value, others, prefix + member.Name, root, problems);
            else problems.Add($"\"{Cut(member.Name)}\" is no member of {where}; there are {string.Join(", ", members.EnumerateObject().Select(m => m.Name))}.");
        }
        if (schema.TryGetProperty("required", out var required))
            foreach (var name in required.EnumerateArray().Select(r => r.GetString()!).Where(r => !seen.Contains(r)))
                problems.Add($"{prefix}{name} is missing.");
        if (schema.TryGetProperty("maxProperties", out var most) && seen.Count > most.GetInt32())
            problems.Add($"{path} has at most {most.GetInt32()} members, has {seen.Count}.");
    }

    static void CheckArray(JsonElement value, JsonElement schema, string path, JsonElement root, List<string> problems)
    {
        var count = value.GetArrayLength();
        if (schema.TryGetProperty("minItems", out var least) && count < least.GetInt32()) problems.Add($"{path} must have at least {least.GetInt32()} item, has {count}.");
        if (schema.TryGetProperty("maxItems", out var most) && count > most.GetInt32())
        {
            problems.Add($"{path} must have at most {most.GetInt32()} items, has {count}.");
            return;
        }
        var before = problems.Count;
        var at = 0;
        foreach (var item in value.EnumerateArray()) Check(item, schema.GetProperty("items"), $"{path}[{at++}]", root, problems);
        if (problems.Count > before || !schema.TryGetProperty("uniqueItems", out _)) return;
        foreach (var twice in value.EnumerateArray().CountBy(item => item.GetRawText()).Where(c => c.Value > 1)) problems.Add($"{path} has {Cut(twice.Key)} {twice.Value} times.");
    }

    static void CheckText(string value, JsonElement schema, string path, List<string> problems)
    {
        if (schema.TryGetProperty("minLength", out var least) && value.Length < least.GetInt32())
            problems.Add($"{path} must have at least {least.GetInt32()} characters, is \"{Cut(value)}\".");
        if (schema.TryGetProperty("maxLength", out var most) && value.Length > most.GetInt32())
            problems.Add($"{path} must have at most {most.GetInt32()} characters, has {value.Length}.");
        if (schema.TryGetProperty("pattern", out var pattern) && !Pattern(pattern.GetString()!).IsMatch(value))
            problems.Add($"{path} must be of the form {pattern.GetString()}, is \"{Cut(value)}\".");
        if (value.Any(c => char.IsControl(c) && c != '\n')) problems.Add($"{path} must not have control characters.");
    }

    // A number that no decimal holds is beyond every limit.
    static void CheckNumber(JsonElement value, JsonElement schema, string path, List<string> problems)
    {
        var isReadable = value.TryGetDecimal(out var number);
        var isNegative = value.GetRawText().StartsWith('-');
        if (schema.TryGetProperty("minimum", out var least) && (isReadable ? number < least.GetDecimal() : isNegative))
            problems.Add($"{path} must be at least {least.GetRawText()}, is {Shown(value)}.");
        else if (schema.TryGetProperty("maximum", out var most) && (isReadable ? number > most.GetDecimal() : !isNegative))
            problems.Add($"{path} must be at most {most.GetRawText()}, is {Shown(value)}.");
    }

    static Regex Pattern(string pattern) => Patterns.GetOrAdd(pattern, p => new Regex(p.Replace("$", "\\z", StringComparison.Ordinal), RegexOptions.CultureInvariant, RegexTime));

    static string Article(string type) => type switch
    {
        "integer" => "a whole number",
        "object" or "array" => $"an {type}",
        "boolean" => "true or false",
        "string" => "a text",
        _ => $"a {type}",
    };

    static string Shown(JsonElement value) => Cut(value.GetRawText());

    static string Cut(string text) => text.Length <= MostValueChars ? text : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, MostValueChars)}…");
}
