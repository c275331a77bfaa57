namespace Crawlers.Logs.Sources.Files;

/// <summary>What keeps files from being read, each with its remedy; the first few are shown.</summary>
sealed class Problems
{
    const int Shown = 3, NotPermitted = 1, NoAccess = 13;
    readonly SortedSet<string> words = new(StringComparer.Ordinal);

    public void Clear() => words.Clear();

    public void Add(string problem) => words.Add(problem);

    public void Add(string thing, Exception e) => words.Add(Of(thing, e));

    public static string Of(string thing, Exception e) => e is UnauthorizedAccessException || e.HResult is NotPermitted or NoAccess
        ? $"No permission to read {thing}: let {Environment.UserName} read it, for example by membership in the group that owns it, or exclude it."
        : $"Cannot read {thing}: {e.Message}; it is tried again.";

    public string? Words(IEnumerable<string> more)
    {
        var all = words.Concat(more).Distinct().ToList();
        if (all.Count == 0) return null;
        return string.Join(' ', all.Take(Shown)) + (all.Count > Shown ? $" And {all.Count - Shown} more." : "");
    }
}
