namespace Crawlers.Logs.Triage;

/// <summary>The names of all files of one commit. A path from a trace is only ever compared with them, never given to git.</summary>
sealed class RevisionFiles
{
    readonly HashSet<string> all;
    readonly ILookup<string, string> byName;

    public RevisionFiles(IEnumerable<string> paths)
    {
        all = [.. paths];
        byName = all.ToLookup(path => path[(path.LastIndexOf('/') + 1)..], StringComparer.Ordinal);
    }

    public static async Task<(RevisionFiles? Files, string Error)> ReadAsync(RunGit git, string commit, CancellationToken ct)
    {
        var listed = await git.RunAsync(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit], ct);
        return listed.HasWorked ? (new RevisionFiles(listed.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries)), "") : (null, listed.Error);
    }

    public bool Has(string path) => all.Contains(path);

    /// <summary>Those that have the most last parts in common with the path, at least the name of the file.</summary>
    /// <param name="parts">How many parts those have in common.</param>
    public IReadOnlyList<string> EndingLike(string path, out int parts)
    {
        var best = new List<string>();
        parts = 0;
        foreach (var file in byName[path[(path.LastIndexOf('/') + 1)..]])
        {
            var common = InCommon(file, path);
            if (common > parts)
            {
                best.Clear();
                parts = common;
            }
            if (common == parts) best.Add(file);
        }
        return best;
    }

    static int InCommon(string one, string other)
    {
        var (parts, i, j) = (0, one.Length, other.Length);
        while (i > 0 && j > 0 && one[i - 1] == other[j - 1])
        {
            i--;
            j--;
            if (one[i] == '/') parts++;
        }
        return (i == 0 || one[i - 1] == '/') && (j == 0 || other[j - 1] == '/') && i < one.Length && one[i] != '/' ? parts + 1 : parts;
    }
}
