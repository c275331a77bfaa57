namespace Crawlers.Logs.Redaction;

/// <param name="Kind">As the mark names it.</param>
readonly record struct Finding(int Start, int End, string Kind);

/// <summary>What the searches found, the most certain search first.</summary>
sealed class Findings
{
    readonly List<(Finding Finding, int Rank)> all = [];

    /// <summary>The @ signs that end somebody's name and password, and begin no mail address.</summary>
    public HashSet<int> UserinfoEnds { get; } = [];

    public void Add(int start, int end, string kind)
    {
        if (end > start) all.Add((new Finding(start, end, kind), all.Count));
    }

    /// <summary>
    /// In order and apart: what overlaps is one, under the name that was found first, so that no part of a secret is left beside its mark.
    /// Marks are whole or not in it.
    /// </summary>
    public List<Finding> Merged(List<Finding> marks)
    {
        var merged = new List<Finding>();
        if (all.Count == 0) return merged;
        var rank = 0;
        foreach (var (finding, thisRank) in all.OrderBy(f => f.Finding.Start).ThenBy(f => f.Rank))
        {
            if (merged.Count == 0 || finding.Start >= merged[^1].End)
            {
                merged.Add(finding);
                rank = thisRank;
                continue;
            }
            var last = merged[^1];
            merged[^1] = new Finding(last.Start, Math.Max(last.End, finding.End), thisRank < rank ? finding.Kind : last.Kind);
            rank = Math.Min(rank, thisRank);
        }
        return marks.Count == 0 ? merged : Around(merged, marks);
    }

    static List<Finding> Around(List<Finding> found, List<Finding> marks)
    {
        var result = new List<Finding>();
        var m = 0;
        foreach (var each in found)
        {
            var (start, end) = (each.Start, each.End);
            while (m < marks.Count && marks[m].End <= start) m++;
            var isInside = m < marks.Count && marks[m].Start <= start && end <= marks[m].End;
            if (isInside) continue;
            for (var i = m; i < marks.Count && marks[i].Start < end; i++) (start, end) = (Math.Min(start, marks[i].Start), Math.Max(end, marks[i].End));
            if (result.Count > 0 && start < result[^1].End) result[^1] = result[^1] with { End = Math.Max(end, result[^1].End) };
            else result.Add(new Finding(start, end, each.Kind));
        }
        return result;
    }
}
