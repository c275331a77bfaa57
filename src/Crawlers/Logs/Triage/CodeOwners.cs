namespace Crawlers.Logs.Triage;

/// <summary>Who owns a file by a CODEOWNERS file, with GitHub's rules: the last pattern that matches counts, and one without owners takes them away.</summary>
sealed class CodeOwners
{
    /// <summary>Where it may lie; the first that is there counts.</summary>
    public static readonly string[] Places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

    /// <summary>GitHub loads no larger one.</summary>
    public const int MaxLength = 3 * 1024 * 1024;

    readonly List<(string[] Pattern, string Written, string[] Owners)> rules = [];

    public static CodeOwners Parse(string text)
    {
        var owners = new CodeOwners();
        if (text.Length > MaxLength) return owners;
        foreach (var line in text.Split('\n'))
        {
            var words = Words(line.Trim());
            // Negation and ranges do not work there, so such a line says nothing.
            if (words.Count == 0 || words[0].StartsWith('!') || words[0].Contains('[', StringComparison.Ordinal)) continue;
            owners.rules.Add((Segments(words[0]), words[0], [.. words.Skip(1)]));
        }
        return owners;
    }

    /// <returns>The owners, and the pattern that named them; null when none matches.</returns>
    public (IReadOnlyList<string> Owners, string? Pattern) Of(string path)
    {
        var parts = path.Split('/');
        for (var i = rules.Count - 1; i >= 0; i--)
            if (Matches(rules[i].Pattern, parts)) return (rules[i].Owners, rules[i].Written);
        return ([], null);
    }

    // Blanks part words, a backslash keeps one; a word that begins with # begins a comment.
    static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        for (var i = 0; i <= line.Length; i++)
        {
            var c = i < line.Length ? line[i] : ' ';
            if (c == '\\' && i + 1 < line.Length) word.Append(line[++i]);
            else if (c == '#' && word.Length == 0) break;
            else if (c is not (' ' or '\t')) word.Append(c);
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }
        return words;
    }

    // A pattern with a slash before its end hangs on the root, one without matches at any depth; dir/ is all below it.
    static string[] Segments(string pattern)
    {
        var isBelow = pattern.EndsWith('/');
        var parts = pattern.Trim('/').Split('/').ToList();
        if (!pattern.StartsWith('/') && parts.Count == 1 && parts[0] != "**") parts.Insert(0, "**");
        if (isBelow) parts.Add("**");
        return [.. parts];
    }

    /// <summary>In time pattern × path: reached[i] is whether the pattern's parts so far fit the first i of the path.</summary>
    static bool Matches(string[] pattern, string[] path)
    {
        var reached = new bool[path.Length + 1];
        reached[0] = true;
        for (var p = 0; p < pattern.Length; p++)
        {
            var next = new bool[path.Length + 1];
            var isLast = p == pattern.Length - 1;
            for (var i = 0; i <= path.Length; i++)
            {
                if (!reached[i]) continue;
                if (pattern[p] == "**")
                    for (var j = isLast ? i + 1 : i; j <= path.Length; j++) next[j] = true;
                else if (i < path.Length && Fits(pattern[p], path[i])) next[i + 1] = true;
            }
            reached = next;
        }
        // The name of a folder stands for all below it; docs/* only for what is directly in docs.
        return reached[path.Length] || (pattern[^1] is not "*" && reached.Contains(true));
    }

    static bool Fits(string pattern, string name)
    {
        int p = 0, n = 0, star = -1, from = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                from = n;
            }
            else if (p < pattern.Length && (pattern[p] == name[n] || pattern[p] == '?'))
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++from;
            }
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
