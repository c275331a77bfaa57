using System.Text.Json;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;

namespace Benchmarks.Logs;

/// <summary>How many events of a stream are assembled exactly: the same lines, no more and no less.</summary>
/// <param name="Right">Events of the truth that were found with exactly their lines.</param>
/// <param name="FirstWrong">An example of one that was not; null when there is none.</param>
/// <param name="Grouping">Of the events of the truth, by the event that begins with their first line.</param>
public sealed record AssemblyScore(string Name, int Right, int Events, string? FirstWrong, GroupingScore Grouping)
{
    public static AssemblyScore Of(string log)
    {
        using var stream = File.OpenRead(log);
        var found = FingerprintRun.Of(stream, LogFormat.Auto, CancellationToken.None).Events().ToDictionary(e => e.Lines[0]);
        var truth = File.ReadLines(log[..^".log".Length] + ".truth.jsonl").Select(line => JsonSerializer.Deserialize<TrueEvent>(line, JsonSerializerOptions.Web)!).ToList();
        var wrong = truth.Where(e => !found.TryGetValue(e.Lines[0], out var f) || !f.Lines.SequenceEqual(e.Lines)).ToList();
        var example = wrong.Count == 0 ? null : $"{wrong[0].Event}: lines {string.Join(',', wrong[0].Lines)}, found {(found.TryGetValue(wrong[0].Lines[0], out var f) ? string.Join(',', f.Lines) : "no event that begins there")}";
        var grouping = GroupingScore.Of([.. truth.Select(e => found.GetValueOrDefault(e.Lines[0])?.Group ?? e.Event)], [.. truth.Select(e => e.Group)]);
        return new AssemblyScore(Path.GetFileNameWithoutExtension(log), truth.Count - wrong.Count, truth.Count, example, grouping);
    }

    /// <param name="Lines">1-based.</param>
    /// <param name="Group">Events with the same group are the same error.</param>
    sealed record TrueEvent(string Event, IReadOnlyList<long> Lines, string Group);
}
