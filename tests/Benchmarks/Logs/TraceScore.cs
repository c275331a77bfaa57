using System.Text.Json;

namespace Benchmarks.Logs;

/// <summary>How the errors of all variants of a bug are grouped.</summary>
/// <param name="Language">All languages together when it is "all".</param>
/// <param name="Wrong">Bugs whose events are in several groups, or whose group has others' events, with the groups.</param>
public sealed record TraceScore(string Language, GroupingScore Score, int Events, IReadOnlyList<string> Wrong)
{
    public static IReadOnlyList<TraceScore> Of(string cases, Func<IReadOnlyList<string>, IReadOnlyList<string>> group)
    {
        var all = File.ReadLines(cases).Select(line => JsonSerializer.Deserialize<TraceCase>(line, JsonSerializerOptions.Web)!).ToList();
        var groups = group([.. all.Select(c => c.Text)]);
        var labelled = all.Zip(groups, (c, g) => (c.Lang, Bug: $"{c.Lang}:{c.Bug}", c.Variant, Group: g)).ToList();
        return [.. labelled.GroupBy(l => l.Lang).Select(l => One(l.Key, [.. l])), One("all", labelled)];
    }

    static TraceScore One(string language, List<(string Lang, string Bug, string Variant, string Group)> events)
    {
        var wrong = events.GroupBy(e => e.Bug).Where(bug => bug.Select(e => e.Group).Distinct().Count() > 1 || events.Any(e => e.Bug != bug.Key && e.Group == bug.First().Group))
            .Select(bug => $"{bug.Key}: {string.Join("; ", bug.GroupBy(e => e.Group).Select(g => $"{string.Join(",", g.Select(e => e.Variant).Distinct())} = {g.Key}"))}");
        return new TraceScore(language, GroupingScore.Of([.. events.Select(e => e.Group)], [.. events.Select(e => e.Bug)]), events.Count, [.. wrong]);
    }

    sealed record TraceCase(string Id, string Lang, string Bug, string Variant, string Text);
}
