namespace Crawlers.Logs.Triage;

/// <summary>The path of a frame's file without what build tools and browsers put before and behind it. It is text that anybody may have written.</summary>
static class FramePath
{
    const int MaxLength = 1024;

    static readonly string[] Schemes = ["webpack-internal:///", "webpack:///", "webpack://", "file://", "https://", "http://", "app://", "ng:///", "turbopack:///", "vite://"];

    /// <returns>Parts parted by slashes, without . and ..; empty when it is no path.</returns>
    public static string Of(string written)
    {
        if (written.Length > MaxLength || written.Any(char.IsControl)) return "";
        var path = written.AsSpan().Trim();
        var isUrl = false;
        foreach (var scheme in Schemes)
            if (path.StartsWith(scheme, StringComparison.Ordinal))
            {
                path = path[scheme.Length..];
                isUrl = true;
                break;
            }
        if (isUrl && path.IndexOfAny('?', '#') is var query and > 0) path = path[..query];
        var text = path.ToString().Replace('\\', '/');
        if (isUrl && text.Contains('%', StringComparison.Ordinal)) text = Uri.UnescapeDataString(text);
        if (text.Length > 2 && text[1] == ':' && char.IsAsciiLetter(text[0])) text = text[2..]; // C:
        var parts = new List<string>();
        foreach (var part in text.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
        }
        return text.Any(char.IsControl) ? "" : string.Join('/', parts);
    }
}
