using System.Globalization;

namespace Benchmarks.Routing;

/// <summary>
/// What the learner is worth: public tables of outcomes replayed one task at a time. The utility of a task is the quality of its answer less its
/// cost beside the worth of a good one; compared with the best single model in hindsight, with what public cards alone would choose, and with chance.
/// </summary>
static class LearningBenchmark
{
    const string CardOnly = "card_only", Chance = "random";

    static readonly string[] Tables = ["mix24", "llmr9", "pareto3", "pareto4"];
    static readonly decimal[] Worths = [0.003m, 0.01m, 0.03m, 0.1m, 1m];

    static readonly (string Name, Choice Choice, double Explored)[] Learners =
    [
        ("estimates", Choice.Estimates, 0), ("estimates_5", Choice.Estimates, 0.05), ("ranks", Choice.Ranks, 0), ("ranks_5", Choice.Ranks, 0.05), ("thompson", Choice.Thompson, 0),
    ];

    public static Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var orders = run.Arguments is [var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : 3;
        if (run.Arguments.Count > 1 || orders is < 1 or > 100)
        {
            run.Say("routing-learning takes how many orders of the tasks are tried, 1 to 100");
            return Task.FromResult(2);
        }
        if (Folder() is not { } folder)
        {
            run.Say("skipped: there is no folder routing with tables in ENGINE_SHARED, nor in a folder shared beside the checkout");
            return Task.FromResult(0);
        }
        var gains = Learners.Select(l => l.Name).Concat([CardOnly, Chance]).ToDictionary(name => name, _ => new List<double>());
        foreach (var table in Tables.Select(t => OutcomeTable.Read(folder, t)))
            foreach (var worth in Worths)
            {
                ct.ThrowIfCancellationRequested();
                Compare(run, table, worth, orders, gains, ct);
            }
        run.Result(new { what = "mean_against_best_single", gain = gains.ToDictionary(g => g.Key, g => Math.Round(g.Value.Average(), 4)), worst = gains.ToDictionary(g => g.Key, g => Math.Round(g.Value.Min(), 4)) });
        return Task.FromResult(0);
    }

    static void Compare(BenchmarkRun run, OutcomeTable table, decimal worth, int orders, Dictionary<string, List<double>> gains, CancellationToken ct)
    {
        double Utility(TableTask task, int model) => task.Outcomes[model].Quality - (double)(task.Outcomes[model].CostUsd / worth);
        var models = Enumerable.Range(0, table.Models.Count).ToList();
        var singles = models.Select(m => table.Tasks.Average(t => Utility(t, m))).ToList();
        var byKind = table.Tasks.GroupBy(t => t.Domain).Sum(kind => models.Max(m => kind.Sum(t => Utility(t, m)))) / table.Tasks.Count;
        var card = table.Tasks.Average(t => Utility(t, models.MaxBy(m => (table.Models[m].Card ?? 0.5) - (double)(table.Models[m].ExpectedUsd(t.Chars) / worth))));
        gains[CardOnly].Add(card - singles.Max());
        gains[Chance].Add(singles.Average() - singles.Max());
        var learned = new Dictionary<string, double>();
        foreach (var (name, choice, explored) in Learners)
        {
            var total = 0.0;
            for (var order = 0; order < orders; order++)
            {
                ct.ThrowIfCancellationRequested();
                var learner = new OnlineLearner(table.Models, worth, choice, explored, order);
                var tasks = table.Tasks.ToArray();
                new Random(order).Shuffle(tasks);
                foreach (var task in tasks)
                {
                    var model = learner.Choose(task);
                    learner.See(task, model);
                    total += Utility(task, model);
                }
            }
            learned[name] = Math.Round(total / orders / table.Tasks.Count, 4);
            gains[name].Add(learned[name] - singles.Max());
        }
        run.Result(new
        {
            what = table.Name, worth_usd = worth, best_single = Math.Round(singles.Max(), 4), best_single_by_kind = Math.Round(byKind, 4), card_only = Math.Round(card, 4), random = Math.Round(singles.Average(), 4), learned,
        });
    }

    static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("ENGINE_SHARED") is { Length: > 0 } named) return Existing(named);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Engine.sln"))) return Existing(Path.Combine(folder.Parent!.FullName, "shared"));
        return null;
    }

    static string? Existing(string shared) => File.Exists(Path.Combine(shared, "routing", "mix24.outcomes.csv")) ? Path.Combine(shared, "routing") : null;
}
