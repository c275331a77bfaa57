namespace Engine.Hosting.Configuration;

/// <summary>How far apart two words are: the base of "did you mean".</summary>
public static class EditDistance
{
    /// <summary>Levenshtein distance without regard to case: insertions, deletions and substitutions cost 1.</summary>
    public static int Of(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        foreach (var (i, x) in a.Index())
        {
            var current = new int[b.Length + 1];
            current[0] = i + 1;
            foreach (var (j, y) in b.Index())
                current[j + 1] = Math.Min(Math.Min(current[j], previous[j + 1]) + 1,
                    previous[j] + (char.ToUpperInvariant(x) == char.ToUpperInvariant(y) ? 0 : 1));
            previous = current;
        }
        return previous[b.Length];
    }
}
