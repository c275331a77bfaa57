using System.Collections;
using System.Text.Json;

namespace Engine.Hosting.Configuration;

/// <param name="Values">One value, or several where the file has an array.</param>
/// <param name="Origin">Where it was written, for messages: a file's path or a variable's name.</param>
public sealed record ConfiguredValue(string Key, IReadOnlyList<string> Values, string Origin, bool FromFile);

/// <summary>Reads what was configured: <c>engine.json</c>, then the environment over it. Does not judge the values.</summary>
public static class SettingSources
{
    const string Prefix = "ENGINE__", FileSuffix = "_FILE";

    /// <param name="file">The path of <c>engine.json</c>, or null when there is none.</param>
    /// <param name="environment">Name and value of every variable of the process.</param>
    /// <returns>By key, the last writer wins; problems name files that could not be read.</returns>
    public static Dictionary<string, ConfiguredValue> Read(string? file, IDictionary environment, ICollection<string> problems)
    {
        var values = new Dictionary<string, ConfiguredValue>(StringComparer.OrdinalIgnoreCase);
        if (file is not null) ReadFile(file, values, problems);
        foreach (var setting in Variables(environment).GroupBy(v => v.Key, StringComparer.OrdinalIgnoreCase))
        {
            // An empty variable is how env files leave one unset; it does not contend with a filled one.
            var given = setting.Where(v => v.Value.Length > 0).OrderBy(v => v.Name, StringComparer.Ordinal).ToArray();
            if (given.Length > 1)
                problems.Add($"{given[0].Key} is set twice, by {string.Join(" and by ", given.Select(v => v.Name))}\n"
                    + "    Remedy: keep one of them and unset the other.");
            var variable = given.FirstOrDefault() ?? setting.FirstOrDefault(v => !v.NamesFile);
            if (variable is not null && Text(variable, problems) is { } text)
                values[variable.Key] = new ConfiguredValue(variable.Key, [text], variable.Name, FromFile: false);
        }
        return values;
    }

    static IEnumerable<Variable> Variables(IDictionary environment)
    {
        foreach (DictionaryEntry entry in environment)
        {
            var name = (string)entry.Key;
            if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) continue;
            var namesFile = name.EndsWith(FileSuffix, StringComparison.OrdinalIgnoreCase) && !name.EndsWith("_" + FileSuffix, StringComparison.OrdinalIgnoreCase);
            var target = namesFile ? name[..^FileSuffix.Length] : name;
            yield return new Variable(name, target.Replace("__", ":", StringComparison.Ordinal), (string?)entry.Value ?? "", namesFile);
        }
    }

    /// <returns>Null when the variable names a file that is of no use.</returns>
    static string? Text(Variable variable, ICollection<string> problems)
    {
        if (!variable.NamesFile) return variable.Value;
        var target = variable.Name[..^FileSuffix.Length];
        try
        {
            if (File.ReadAllText(variable.Value).TrimEnd('\r', '\n') is { Length: > 0 } text) return text;
            problems.Add($"{variable.Name} names a file that is empty\n    Remedy: write the value into it, or unset {variable.Name}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Somebody may have put the secret itself there, and the exception's message would repeat it.
            var isShown = Setting.All.Any(s => !s.IsSecret && s.Key.Equals(variable.Key, StringComparison.OrdinalIgnoreCase));
            problems.Add($"{variable.Name} names a file that cannot be read{(isShown ? $": {e.Message}" : e is UnauthorizedAccessException ? ": this user may not" : "")}\n"
                + $"    Remedy: let it hold the path of a file that this user can read, or set {target} itself.");
        }
        return null;
    }

    /// <param name="NamesFile">The value is the path of a file that holds the setting's value.</param>
    sealed record Variable(string Name, string Key, string Value, bool NamesFile);

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
