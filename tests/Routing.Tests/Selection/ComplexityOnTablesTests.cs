using System.Globalization;
using System.Text.Json;
using Routing.Selection;
using Support;
using Xunit.Abstractions;

namespace Routing.Tests.Selection;

/// <summary>Whether complexity tells the tasks that weak models fail at, on public tables of who failed at what; length alone is the bar.</summary>
public sealed class ComplexityOnTablesTests(ITestOutputHelper output)
{
    [FactOnShared("routing")]
    public void Complexity_tells_failures_of_weak_models_better_than_length_does()
    {
        foreach (var (table, models) in new[]
        {
            ("rl-gsm8k", new[] { "mixtral-8x7b" }),
            ("mix24", ["llama-3-8b-instruct", "gpt-3.5-turbo-0125", "claude-3-haiku-20240307", "gpt-4o-mini-2024-07-18"]),
        })
        {
            var tasks = Read(Path.Combine(SharedFolder.Find("routing")!, table));
            var complexity = tasks.Select(t => Complexity.Of(t.Text).Value).ToArray();
            foreach (var model in models)
            {
                var failed = tasks.Select(t => t.Quality[model] < 0.5).ToArray();
                var (ours, bar) = (Area(complexity, failed), Area([.. tasks.Select(t => (double)t.Chars)], failed));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table} {model}: failed {failed.Count(f => f)} of {failed.Length}, AUC of complexity {ours:0.000}, of length {bar:0.000}"));
                Assert.True(ours > bar, $"{table} {model}: {ours:0.000} against {bar:0.000}");
            }
        }
    }

    /// <summary>The area under the ROC curve: how often a failed task scores higher than one that was not, ties counted half.</summary>
    static double Area(double[] scores, bool[] failed)
    {
        var ranked = scores.Zip(failed).GroupBy(p => p.First).OrderBy(g => g.Key).ToArray();
        double below = 0, sum = 0;
        foreach (var group in ranked)
        {
            sum += group.Count(p => p.Second) * (below + group.Count(p => !p.Second) / 2.0);
            below += group.Count(p => !p.Second);
        }
        return sum / (below * (scores.Length - below));
    }

    static List<TableTask> Read(string table)
    {
        var lines = File.ReadAllLines(table + ".outcomes.csv").Select(l => l.Split(',')).ToArray();
        var columns = lines[0].Index().Where(c => c.Item.EndsWith("|q", StringComparison.Ordinal)).ToArray();
        var outcomes = lines.Skip(1).ToDictionary(l => l[0], l => columns.ToDictionary(c => c.Item[..^2], c => double.Parse(l[c.Index], CultureInfo.InvariantCulture)));
        return [.. File.ReadLines(table + ".prompts.jsonl").Select(l => JsonElement.Parse(l)).Select(p =>
            new TableTask(p.GetProperty("text").GetString()!, p.GetProperty("chars").GetInt32(), outcomes[p.GetProperty("id").GetString()!]))];
    }

    sealed record TableTask(string Text, int Chars, Dictionary<string, double> Quality);
}
