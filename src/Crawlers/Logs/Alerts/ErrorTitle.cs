using Crawlers.Logs.Counting;
using Crawlers.Logs.Fingerprints;
using Crawlers.Logs.Redaction;

namespace Crawlers.Logs.Alerts;

/// <summary>What an error is called in lists and tasks.</summary>
public static class ErrorTitle
{
    const int Longest = 160;

    public static string Of(Fingerprint error) => Of(error.Type, error.RootType, RedactText.Run(error.Template).Text, error.Frames);

    /// <param name="template">Redacted.</param>
    /// <param name="frames">Those that count, innermost first.</param>
    public static string Of(string? type, string? rootType, string template, IReadOnlyList<string> frames)
    {
        var thrown = type is null ? null : rootType is null || rootType == type ? Short(type) : $"{Short(type)} ← {Short(rootType)}";
        var text = thrown is null ? template.ReplaceLineEndings(" ").Trim() : frames.Count > 0 ? $"{thrown} in {frames[0]}" : thrown;
        if (text.Length == 0) text = "an error without words";
        return text.Length <= Longest ? StoredText.Of(text, Longest) : StoredText.Of(text, Longest - 1) + "…";
    }

    // The namespace of an exception says little, and is long.
    static string Short(string type) => type[(type.LastIndexOfAny(['.', ':']) + 1)..] is { Length: > 0 } last ? last : type;
}
