using System.Text.Json;
using Crawlers.Logs.Events;

namespace Benchmarks.Logs;

/// <summary>How many events of a stream are assembled exactly: the same lines, no more and no less.</summary>
/// <param name="Right">Events of the truth that were found with exactly their lines.</param>
/// <param name="FirstWrong">An example of one that was not; null when there is none.</param>
public sealed record AssemblyScore(string Name, int Right, int Events, string? FirstWrong)
{
    public static AssemblyScore Of(string log)
    {
        var found = new Dictionary<long, string>();
        var assemble = new AssembleEvents((in AssembledEvent e) =>
        {
            if (e.Lines.Length > 0) found[e.Lines[0]] = string.Join(',', e.Lines.ToArray());
        });
        using var stream = File.OpenRead(log);
        var reader = new LineReader(stream);
        for (var number = 1L; reader.TryRead(out var line); number++) assemble.Add(line, number);
        assemble.Flush();

        var truth = File.ReadLines(log[..^".log".Length] + ".truth.jsonl").Select(line => JsonSerializer.Deserialize<TrueEvent>(line, JsonSerializerOptions.Web)!).ToList();
        var wrong = truth.Where(e => found.GetValueOrDefault(e.Lines[0]) != string.Join(',', e.Lines)).ToList();
        var example = wrong.Count == 0 ? null : $"{wrong[0].Event}: lines {string.Join(',', wrong[0].Lines)}, found {found.GetValueOrDefault(wrong[0].Lines[0]) ?? "no event that begins there"}";
        return new AssemblyScore(Path.GetFileNameWithoutExtension(log), truth.Count - wrong.Count, truth.Count, example);
    }
}

/// <param name="Lines">1-based.</param>
/// <param name="Group">Events with the same group are the same error.</param>
public sealed record TrueEvent(string Event, IReadOnlyList<long> Lines, string Group, string Variant, string Lang);
