using System.Collections;
using System.Text.Json;

namespace Engine.Hosting.Configuration;

/// <param name="Values">One value, or several where the file has an array.</param>
/// <param name="Origin">Where it was written, for messages: a file's path or a variable's name.</param>
public sealed record ConfiguredValue(string Key, IReadOnlyList<string> Values, string Origin, bool FromFile);

/// <summary>Reads what was configured: <c>engine.json</c>, then the environment over it. Does not judge the values.</summary>
public static class SettingSources
{
    const string Prefix = "ENGINE__";

    /// <param name="file">The path of <c>engine.json</c>, or null when there is none.</param>
    /// <param name="environment">Name and value of every variable of the process.</param>
    /// <returns>By key, the last writer wins; problems name files that could not be read.</returns>
    public static Dictionary<string, ConfiguredValue> Read(string? file, IDictionary environment, ICollection<string> problems)
    {
        var values = new Dictionary<string, ConfiguredValue>(StringComparer.OrdinalIgnoreCase);
        if (file is not null) ReadFile(file, values, problems);
        foreach (DictionaryEntry variable in environment)
        {
            var name = (string)variable.Key;
            if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) continue;
            ReadVariable(name, (string?)variable.Value ?? "", values, problems);
        }
        return values;
    }

    static void ReadVariable(string name, string value, Dictionary<string, ConfiguredValue> values, ICollection<string> problems)
    {
        if (name.EndsWith("_FILE", StringComparison.OrdinalIgnoreCase) && !name.EndsWith("__FILE", StringComparison.OrdinalIgnoreCase))
        {
            var target = name[..^"_FILE".Length];
            try
            {
                value = File.ReadAllText(value).TrimEnd('\r', '\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                problems.Add($"{name} names the file \"{value}\", which cannot be read: {e.Message}\n"
                    + $"    Remedy: create the file, let this user read it, or set {target} itself.");
                return;
            }
            Add(target);
            return;
        }
        Add(name);

        void Add(string variable)
        {
            var key = variable.Replace("__", ":", StringComparison.Ordinal);
            values[key] = new ConfiguredValue(key, [value], name, FromFile: false);
        }
    }

    static void ReadFile(string path, Dictionary<string, ConfiguredValue> values, ICollection<string> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false, MaxDepth = 8,
            });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new JsonException($"the root must be an object, is {document.RootElement.ValueKind}");
            Flatten("Engine", document.RootElement);
        }
        catch (JsonException e)
        {
            var place = e.LineNumber is { } line ? $"line {line + 1}, column {e.BytePositionInLine + 1}: " : "";
            problems.Add($"{path} is not readable as JSON: {place}{e.Message.Split(" LineNumber:")[0]}\n"
                + "    Remedy: correct the file; comments and trailing commas are allowed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{path} cannot be read: {e.Message}\n    Remedy: create it, let this user read it, or name another with --config.");
        }

        void Flatten(string key, JsonElement element)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var member in element.EnumerateObject()) Flatten($"{key}:{member.Name}", member.Value);
                    break;
                case JsonValueKind.Array:
                    values[key] = new ConfiguredValue(key, [.. element.EnumerateArray().Select(Text)], path, FromFile: true);
                    break;
                default:
                    values[key] = new ConfiguredValue(key, [Text(element)], path, FromFile: true);
                    break;
            }
        }
    }

    static string Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
}
