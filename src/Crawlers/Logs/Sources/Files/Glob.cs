using System.IO.Enumeration;

namespace Crawlers.Logs.Sources.Files;

/// <summary>A pattern of paths: <c>*</c> and <c>?</c> within a name, <c>**</c> for no, one or many folders.</summary>
sealed class Glob
{
    const int Deepest = 64;
    static readonly EnumerationOptions All = new() { AttributesToSkip = 0, IgnoreInaccessible = false };
    readonly string[] segments;

    public Glob(string pattern)
    {
        segments = Path.GetFullPath(pattern).Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments is [.., "**"]) segments = [.. segments, "*"];
    }

    /// <param name="take">Given each path that matches and may be a file; without wildcards it need not exist. False: enough.</param>
    /// <param name="fail">Given each folder that cannot be read.</param>
    public void Find(Func<string, bool> take, Action<string, Exception> fail) => Find("/", 0, take, fail, 0);

    public bool Matches(string path) => Matches(path.Split('/', StringSplitOptions.RemoveEmptyEntries), 0, 0);

    bool Matches(string[] path, int at, int segment)
    {
        if (segment == segments.Length) return at == path.Length;
        if (segments[segment] == "**") return Matches(path, at, segment + 1) || (at < path.Length && Matches(path, at + 1, segment));
        return at < path.Length && FileSystemName.MatchesSimpleExpression(segments[segment], path[at], ignoreCase: false) && Matches(path, at + 1, segment + 1);
    }

    bool Find(string folder, int segment, Func<string, bool> take, Action<string, Exception> fail, int depth)
    {
        var pattern = segments[segment];
        var isLast = segment == segments.Length - 1;
        if (pattern == "**")
        {
            if (!Find(folder, segment + 1, take, fail, depth)) return false;
            if (depth >= Deepest) return true;
            foreach (var below in Folders(folder, "*", followsLinks: false, fail)) // links among folders may lead in circles
                if (!Find(below, segment, take, fail, depth + 1)) return false;
            return true;
        }
        if (!pattern.AsSpan().ContainsAny('*', '?')) return isLast ? take(Path.Combine(folder, pattern)) : Find(Path.Combine(folder, pattern), segment + 1, take, fail, depth);
        if (!isLast)
        {
            foreach (var below in Folders(folder, pattern, followsLinks: true, fail))
                if (!Find(below, segment + 1, take, fail, depth)) return false;
            return true;
        }
        foreach (var path in Entries(folder, pattern, isFolder: false, followsLinks: true, fail))
            if (!take(path)) return false;
        return true;
    }

    static List<string> Folders(string folder, string pattern, bool followsLinks, Action<string, Exception> fail) => Entries(folder, pattern, isFolder: true, followsLinks, fail);

    static List<string> Entries(string folder, string pattern, bool isFolder, bool followsLinks, Action<string, Exception> fail)
    {
        var found = new List<string>();
        try
        {
            found.AddRange(new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), All)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.IsDirectory == isFolder
                    && (followsLinks || (entry.Attributes & FileAttributes.ReparsePoint) == 0)
                    && FileSystemName.MatchesSimpleExpression(pattern, entry.FileName, ignoreCase: false),
            });
        }
        catch (DirectoryNotFoundException)
        {
            // it may come later
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            if (!File.Exists(folder)) fail(folder, e); // a file where the pattern has a folder matches nothing
        }
        return found;
    }
}
