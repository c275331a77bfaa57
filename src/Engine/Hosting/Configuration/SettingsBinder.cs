using System.Globalization;
using System.Text.Json;

namespace Engine.Hosting.Configuration;

/// <summary>Turns configured texts into settings records and collects every problem on the way.</summary>
public static class SettingsBinder
{
    /// <returns>One record for each section, by its type; where a value was unusable the default stands.</returns>
    public static Dictionary<Type, IChecked> Bind(IReadOnlyDictionary<string, ConfiguredValue> values, ICollection<string> problems)
    {
        var records = SettingsSections.All.ToDictionary(s => s.Type, s => (IChecked)Activator.CreateInstance(s.Type)!);
        var known = Setting.All.ToDictionary(s => s.Key, StringComparer.OrdinalIgnoreCase);

        foreach (var value in values.Values.OrderBy(v => v.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (!known.TryGetValue(value.Key, out var setting))
                problems.Add(Unknown(value, known.Keys));
            else if (setting.IsSecret && value.FromFile)
                problems.Add($"{setting.Key} is a secret and stands in {value.Origin}, where others can read it\n"
                    + $"    Remedy: remove it there; set {setting.Variable}, or {setting.Variable}_FILE to the path of a file that holds it.");
            else if (setting.IsOptional && value.Values is [var text] && string.IsNullOrWhiteSpace(text))
                setting.Property.SetValue(records[setting.Property.DeclaringType!], null); // empty: as good as unset
            else if (Convert(setting.Property.PropertyType, value.Values) is { } converted)
                setting.Property.SetValue(records[setting.Property.DeclaringType!], converted);
            else
                problems.Add($"{setting.Key} must be {Kind(setting.Property.PropertyType)}, is {Shown(setting, value)} (from {value.Origin})\n"
                    + $"    Remedy: {Remedy(setting)}");
        }

        foreach (var (section, type) in SettingsSections.All)
            foreach (var problem in records[type].Problems())
                problems.Add(Located(section, problem, values));
        return records;
    }

    static string Located(string section, string problem, IReadOnlyDictionary<string, ConfiguredValue> values)
    {
        var property = problem.Split(' ', 2)[0];
        var setting = Setting.All.FirstOrDefault(s => s.Section == section && s.Property.Name == property);
        if (setting is null) return $"{section}: {problem}";
        var origin = values.TryGetValue(setting.Key, out var value) ? $" (from {value.Origin})" : " (the default)";
        return $"{section}:{problem}{origin}\n    Remedy: {Remedy(setting)}";
    }

    static string Remedy(Setting setting) => setting.IsSecret
        ? $"correct {setting.Variable}, or the file that {setting.Variable}_FILE names."
        : $"correct it in engine.json (\"{string.Join("\": { \"", setting.Key.Split(':').Skip(1).Select(JsonNamingPolicy.CamelCase.ConvertName))}\") "
          + $"or set {setting.Variable}.";

    static string Unknown(ConfiguredValue value, IEnumerable<string> known)
    {
        var guess = known.Select(k => (Key: k, Distance: EditDistance.Of(k, value.Key))).MinBy(k => k.Distance);
        var meant = guess.Distance <= Math.Max(3, value.Key.Length / 4) ? $" Did you mean {guess.Key}?" : "";
        return $"{value.Key} is not a setting (from {value.Origin}).{meant}\n"
            + "    Remedy: correct or remove it; `engine config show --all` lists every setting.";
    }

    static string Shown(Setting setting, ConfiguredValue value) => setting.IsSecret ? "(hidden)" : $"\"{string.Join(",", value.Values)}\"";

    /// <returns>The value, or null where the text is not of that type.</returns>
    static object? Convert(Type type, IReadOnlyList<string> texts)
    {
        if (type == typeof(IReadOnlyList<string>))
            return texts.SelectMany(t => t.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToArray();
        if (texts.Count != 1) return null;
        var text = texts[0].Trim();
        var invariant = CultureInfo.InvariantCulture;
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (target == typeof(string)) return text.Length > 0 ? text : null;
        if (target == typeof(int)) return int.TryParse(text, NumberStyles.Integer, invariant, out var i) ? i : null;
        if (target == typeof(long)) return long.TryParse(text, NumberStyles.Integer, invariant, out var l) ? l : null;
        if (target == typeof(decimal)) return decimal.TryParse(text, NumberStyles.Number, invariant, out var d) ? d : null;
        if (target == typeof(bool)) return bool.TryParse(text, out var b) ? b : null;
        if (target == typeof(TimeSpan)) return TimeSpan.TryParseExact(text, ["c", "g"], invariant, out var span) ? span : null;
        if (target == typeof(Uri)) return Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
        if (target.IsEnum)
            return Enum.GetNames(target).FirstOrDefault(n => Same(n, text)) is { } name ? Enum.Parse(target, name) : null;
        throw new NotSupportedException($"A setting cannot be of type {type}.");
    }

    static bool Same(string enumName, string text) =>
        string.Equals(JsonNamingPolicy.SnakeCaseLower.ConvertName(enumName), text, StringComparison.OrdinalIgnoreCase)
        || string.Equals(enumName, text, StringComparison.OrdinalIgnoreCase);

    static string Kind(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return target switch
        {
            _ when target == typeof(int) || target == typeof(long) => "a whole number",
            _ when target == typeof(decimal) => "a number such as 0.25",
            _ when target == typeof(bool) => "true or false",
            _ when target == typeof(TimeSpan) => "a duration such as 00:05:00 (hours:minutes:seconds) or 1.00:00:00 (a day)",
            _ when target == typeof(Uri) => "an absolute address such as http://127.0.0.1:4317",
            { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(target).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)),
            _ => "one text that is not empty",
        };
    }
}
