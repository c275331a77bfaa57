using System.Globalization;
using System.Text;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Support;

namespace Benchmarks.Logs;

/// <summary>The log crawler: how well it groups real lines and traces, how exactly it assembles events, how fast, in how much memory; and whole, with its database: how fast, through a flood, through crashes.</summary>
static class LogsBenchmark
{
    static readonly string[] Parts = ["score", "traces", "assembly", "speed", "memory", "redact", "crawl", "bomb", "crash"];

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        var what = Environment.GetEnvironmentVariable("WHAT") is { Length: > 0 } named ? named.Split(',') : Parts;
        if (run.Arguments.Count > 0 || what.Except(Parts).Any())
        {
            run.Say($"logs takes no options; WHAT is one or more of {string.Join(", ", Parts)}, separated by commas");
            return 2;
        }
        if (SharedFolder.Find("loghub") is not { } loghub || SharedFolder.Find("traces") is not { } traces)
        {
            run.Say("skipped: there are no folders loghub and traces in ENGINE_SHARED, nor in a folder shared beside the checkout");
            return 0;
        }
        var isRight = true;
        if (what.Contains("score")) Score(run, LoghubSet.Read(loghub), ct);
        if (what.Contains("traces")) Traces(run, Path.Combine(traces, "cases.jsonl"));
        if (what.Contains("assembly")) Assembly(run, traces);
        if (what.Contains("speed")) isRight &= LogsSpeed.Run(run, loghub, ct);
        if (what.Contains("memory")) isRight &= LogsMemory.Run(run, ct);
        if (what.Contains("redact")) LogsRedaction.Run(run, ct);
        if (what.Contains("crawl")) isRight &= await LogsCrawl.RunAsync(run, loghub, ct);
        if (what.Contains("bomb")) isRight &= await LogsBomb.RunAsync(run, ct);
        if (what.Contains("crash")) isRight &= await LogsCrash.RunAsync(run, loghub, ct);
        return isRight ? 0 : 1;
    }

    static void Score(BenchmarkRun run, IReadOnlyList<LoghubSet> sets, CancellationToken ct)
    {
        run.Say($"{"set",-12} {"GA",6} {"FGA",6} {"prec.",6} {"recall",6} {"groups",7} {"true",5}   errors: {"GA",6} {"FGA",6} {"prec.",6} {"recall",6} {"lines",6}");
        var all = new List<(string Name, GroupingScore All, GroupingScore? Errors)>();
        var stateless = new List<GroupingScore>();
        foreach (var set in sets)
        {
            ct.ThrowIfCancellationRequested();
            var (groups, keys) = Groups(set);
            stateless.Add(GroupingScore.Of(keys, set.Truth));
            var errors = Enumerable.Range(0, set.Truth.Count).Where(i => set.IsError[i]).ToList();
            var score = GroupingScore.Of(groups, set.Truth);
            var ofErrors = errors.Count == 0 ? null : GroupingScore.Of([.. errors.Select(i => groups[i])], [.. errors.Select(i => set.Truth[i])]);
            all.Add((set.Name, score, ofErrors));
            run.Say(Row(set.Name, score, ofErrors) + (ofErrors is null ? "" : $" {errors.Count,6}"));
            run.Result(new { what = "score", set = set.Name, ga = R(score.Ga), fga = R(score.Fga), precision = R(score.Precision), recall = R(score.Recall), groups = score.Groups, templates = score.Templates });
        }
        // Every second set by name, and the others.
        foreach (var (name, some) in new[] { ("even", all.Where((_, i) => i % 2 == 0).ToList()), ("odd", all.Where((_, i) => i % 2 == 1).ToList()), ("mean", all) })
        {
            var score = Mean(some.Select(s => s.All));
            var errors = some.Any(s => s.Errors is not null) ? Mean(some.Where(s => s.Errors is not null).Select(s => s.Errors!)) : null;
            run.Say(Row(name, score, errors));
            run.Result(new { what = "score", set = name, ga = R(score.Ga), fga = R(score.Fga), precision = R(score.Precision), recall = R(score.Recall), errors_ga = R(errors?.Ga ?? 1), errors_fga = R(errors?.Fga ?? 1), errors_precision = R(errors?.Precision ?? 1), errors_recall = R(errors?.Recall ?? 1) });
        }
        // What alerts see before anything is learned.
        var keysAlone = Mean(stateless);
        run.Say(Row("stateless", keysAlone, null));
        run.Result(new { what = "score", set = "stateless", ga = R(keysAlone.Ga), fga = R(keysAlone.Fga), precision = R(keysAlone.Precision), recall = R(keysAlone.Recall) });
    }

    /// <returns>The group and the stateless key of each line; a line that is in no event is its own.</returns>
    static (string[] Groups, string[] Keys) Groups(LoghubSet set)
    {
        using var file = File.OpenRead(set.Path);
        var alone = Enumerable.Range(0, set.Truth.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToArray();
        var (groups, keys) = (alone.ToArray(), alone.ToArray());
        foreach (var e in FingerprintRun.Of(file, LogFormat.Auto, CancellationToken.None).Events())
            foreach (var line in e.Lines)
                if (line <= groups.Length) (groups[line - 1], keys[line - 1]) = (e.Group, e.Fingerprint.Key);
        return (groups, keys);
    }

    static void Traces(BenchmarkRun run, string cases)
    {
        var fingerprint = new FingerprintEvent();
        foreach (var (name, isGrouped) in new[] { ("stateless", false), ("group", true) })
            foreach (var score in TraceScore.Of(cases, texts => Groups([.. texts.Select(fingerprint.Run)], isGrouped)))
            {
                run.Say($"traces {name,-9} {score.Language,-5} GA {R(score.Score.Ga)} FGA {R(score.Score.Fga)} {score.Score.Groups} groups of {score.Score.Templates} bugs");
                foreach (var wrong in score.Language == "all" ? [] : score.Wrong) run.Say("  " + wrong);
                if (score.Language == "all") run.Result(new { what = "traces", key = name, ga = R(score.Score.Ga), fga = R(score.Score.Fga), groups = score.Score.Groups, bugs = score.Score.Templates });
            }
    }

    static IReadOnlyList<string> Groups(IReadOnlyList<Fingerprint> fingerprints, bool isGrouped)
    {
        var aliases = isGrouped ? LearnAliases.From(fingerprints) : new Dictionary<string, Alias>();
        return [.. fingerprints.Select(f => aliases.TryGetValue(f.Key, out var alias) ? alias.To : f.Key)];
    }

    static void Assembly(BenchmarkRun run, string folder)
    {
        foreach (var log in Directory.GetFiles(folder, "*.log").Order(StringComparer.Ordinal))
        {
            var score = AssemblyScore.Of(log);
            run.Say($"assembly {score.Name,-14} {score.Right} of {score.Events} events exact; traces by group: GA {R(score.Grouping.Ga)} FGA {R(score.Grouping.Fga)} {score.FirstWrong}");
            run.Result(new { what = "assembly", stream = score.Name, right = score.Right, events = score.Events, ga = R(score.Grouping.Ga), fga = R(score.Grouping.Fga) });
        }
    }

    static GroupingScore Mean(IEnumerable<GroupingScore> scores)
    {
        var all = scores.ToList();
        return new GroupingScore(all.Average(s => s.Ga), all.Average(s => s.Fga), all.Average(s => s.Precision), all.Average(s => s.Recall), all.Sum(s => s.Groups), all.Sum(s => s.Templates));
    }

    static string Row(string name, GroupingScore score, GroupingScore? errors)
    {
        var row = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{name,-12} {score.Ga,6:0.000} {score.Fga,6:0.000} {score.Precision,6:0.000} {score.Recall,6:0.000} {score.Groups,7} {score.Templates,5}");
        if (errors is not null) row.Append(CultureInfo.InvariantCulture, $"           {errors.Ga,6:0.000} {errors.Fga,6:0.000} {errors.Precision,6:0.000} {errors.Recall,6:0.000}");
        return row.ToString();
    }

    static double R(double value) => Math.Round(value, 4);
}
