namespace Benchmarks.Logs;

/// <summary>How well groups agree with the truth.</summary>
/// <param name="Ga">Grouping accuracy: the share of lines whose group holds exactly the lines of one true template.</param>
/// <param name="Fga">F1 over groups: a group is right when it holds exactly the lines of one true template.</param>
/// <param name="Precision">Of the alerts, one at the first line of each group, those at the first line of a true template.</param>
/// <param name="Recall">Of the true templates, those with an alert at their first line.</param>
public sealed record GroupingScore(double Ga, double Fga, double Precision, double Recall, int Groups, int Templates)
{
    /// <param name="groups">The group of each line, in order of the lines.</param>
    /// <param name="truth">The true template of each line.</param>
    public static GroupingScore Of(IReadOnlyList<string> groups, IReadOnlyList<string> truth)
    {
        var both = groups.Zip(truth).CountBy(pair => pair).ToDictionary();
        var byGroup = groups.CountBy(g => g).ToDictionary();
        var byTemplate = truth.CountBy(t => t).ToDictionary();
        var right = both.Where(b => byGroup[b.Key.First] == b.Value && byTemplate[b.Key.Second] == b.Value).ToList();
        var fga = right.Count == 0 ? 0 : 2.0 * right.Count / (byGroup.Count + byTemplate.Count);
        var alerts = FirstLines(groups);
        var wanted = FirstLines(truth);
        var hits = (double)alerts.Intersect(wanted).Count();
        return new GroupingScore(right.Sum(r => r.Value) / (double)Math.Max(1, truth.Count), fga, hits / Math.Max(1, alerts.Count), hits / Math.Max(1, wanted.Count), byGroup.Count, byTemplate.Count);
    }

    static HashSet<int> FirstLines(IReadOnlyList<string> labels)
    {
        var seen = new HashSet<string>();
        return [.. Enumerable.Range(0, labels.Count).Where(i => seen.Add(labels[i]))];
    }
}
