using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engine.Http;

/// <summary>Says what is wrong with a JSON body in the words of its sender, who knows neither our types nor our language.</summary>
static partial class BadJson
{
    /// <returns><c>malformed_json</c> where the text is no JSON, <c>invalid_request</c> where it is JSON of another shape.</returns>
    public static (string Code, string Detail) Explain(JsonException json)
    {
        var message = json.Message;
        if (Missing().Match(message) is { Success: true } missing)
            return ("invalid_request", $"Missing: {missing.Groups[1].Value.Replace("'", "", StringComparison.Ordinal).TrimEnd('.')}.");
        if (Unknown().Match(message) is { Success: true } unknown)
            return ("invalid_request", $"\"{unknown.Groups[1].Value}\" is not a field of this request.");
        if (Twice().Match(message) is { Success: true } twice)
            return ("invalid_request", $"\"{twice.Groups[1].Value}\" is given twice.");
        if (message.Contains("doesn't allow", StringComparison.Ordinal)) // a null where none may be
            return ("invalid_request", $"{Path(json)} must not be null.");
        if (message.Contains("could not be converted", StringComparison.Ordinal))
            return ("invalid_request", $"{Path(json)} has a value of the wrong type.");
        var place = json is { LineNumber: { } line, BytePositionInLine: { } column } ? $" (line {line + 1}, column {column + 1})" : "";
        return ("malformed_json", $"The body is not JSON{place}: {message.Split(" Path: ")[0].Split(" LineNumber:")[0]}");
    }

    /// <returns>For example <c>role</c>, or <c>a.b[2]</c>.</returns>
    static string Path(JsonException json) => json.Path is { Length: > 2 } path ? path[2..] : "The body";

    [GeneratedRegex("missing required properties including: (.*)$", RegexOptions.Singleline)]
    private static partial Regex Missing();

    [GeneratedRegex(@"^The JSON property '(.*)' could not be mapped to any \.NET member", RegexOptions.Singleline)]
    private static partial Regex Unknown();

    [GeneratedRegex("^Duplicate property '(.*)' encountered", RegexOptions.Singleline)]
    private static partial Regex Twice();
}
