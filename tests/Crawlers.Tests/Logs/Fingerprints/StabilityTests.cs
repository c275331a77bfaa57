using System.Text;
using System.Text.RegularExpressions;
using Benchmarks.Logs;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Support;

namespace Crawlers.Tests.Logs.Fingerprints;

/// <summary>Promise 6: the same error has the same fingerprint on every node, after a restart, in any order.</summary>
public sealed class StabilityTests
{
    [FactOnShared("loghub")]
    public void Lines_in_reverse_order_have_the_same_fingerprints()
    {
        foreach (var (name, lines) in Sets())
        {
            var forward = ByLine(lines);
            var backward = ByLine([.. lines.Reverse()]);
            Assert.Equal(forward.Order(), backward.Order());
            Assert.True(forward.Count == lines.Length, $"{name}: {forward.Count} events of {lines.Length} lines");
        }
    }

    [FactOnShared("loghub")]
    public void A_restart_in_the_middle_changes_no_fingerprint()
    {
        foreach (var (_, lines) in Sets())
            Assert.Equal(ByLine(lines), [.. ByLine(lines[..(lines.Length / 3)]), .. ByLine(lines[(lines.Length / 3)..])]);
    }

    [FactOnShared("loghub")]
    public void Two_nodes_that_share_the_lines_give_what_one_gives()
    {
        foreach (var (_, lines) in Sets())
        {
            var one = ByLine(lines);
            var even = ByLine([.. lines.Where((_, i) => i % 2 == 0)]);
            var odd = ByLine([.. lines.Where((_, i) => i % 2 == 1)]);
            Assert.Equal(one.Order(), even.Concat(odd).Order());
        }
    }

    [FactOnShared("loghub")]
    public void Real_lines_are_grouped_as_people_did() => AssertGood(text => text);

    /// <summary>Nothing hangs on the words of the sets: each is replaced by one that means nothing, always the same.</summary>
    [FactOnShared("loghub")]
    public void Lines_whose_words_mean_nothing_are_grouped_as_well()
    {
        string[] kept = ["INFO", "WARN", "ERROR", "FATAL", "notice", "error", "true", "false", "null", "com", "net", "org", "edu", "us"];
        var random = new Random(5);
        var words = kept.ToDictionary(w => w);
        var taken = new HashSet<string>();

        AssertGood(text => Regex.Replace(text, "(?<![A-Za-z0-9_])[A-Za-z]{2,}(?![A-Za-z0-9_])", match =>
        {
            if (IsDate(match.Value)) return match.Value;
            if (!words.TryGetValue(match.Value, out var other)) words[match.Value] = other = Meaningless(match.Value);
            return other;
        }));

        static bool IsDate(string word) => word.Length == 3 && "Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".Contains(word, StringComparison.Ordinal);

        string Meaningless(string word)
        {
            while (true)
            {
                var made = string.Concat(word.Select((c, i) => (i % 2 == 0 ? "bdklmnprstvw" : "aeiou") is var from && from[random.Next(from.Length)] is var letter && char.IsAsciiLetterUpper(c) ? char.ToUpperInvariant(letter) : letter));
                if (word.Length == 2 || taken.Add(made)) return made;
            }
        }
    }

    static void AssertGood(Func<string, string> change)
    {
        var scores = LoghubSet.Read(SharedFolder.Find("loghub")!).Select(set =>
        {
            var groups = new string[set.Truth.Count];
            foreach (var e in FingerprintRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(change(File.ReadAllText(set.Path)))), LogFormat.Auto, CancellationToken.None).Events())
                foreach (var line in e.Lines) groups[line - 1] = e.Group;
            return GroupingScore.Of(groups, set.Truth);
        }).ToList();

        Assert.True(scores.Average(s => s.Ga) >= 0.90);
        Assert.True(scores.Average(s => s.Fga) >= 0.90);
        Assert.True(scores.Average(s => s.Precision) >= 0.93);
        Assert.True(scores.Average(s => s.Recall) >= 0.98);
    }

    [Theory]
    [InlineData("order 66485 was lost", "m1-ac0f45b50feac25b9a0ed5e49784a32d")]
    [InlineData("a.BoomException: x\n\tat a.B.save(B.java:2)", "t1-82143520c63bfefe576144cc7e710c7f")]
    public void A_key_is_what_it_was_when_the_rules_got_their_version(string text, string key) => Assert.Equal(key, new FingerprintEvent().Run(text).Key);

    [Fact]
    public void A_flood_of_templates_forgets_and_changes_nothing()
    {
        var flooded = new FingerprintEvent();
        var before = flooded.Run("disk is full").Key;
        for (var i = 0; i < 210_000; i++) flooded.Run($"word {Word(i)} is new");

        Assert.Equal(before, flooded.Run("disk is full").Key);
    }

    static string Word(int number)
    {
        var word = new StringBuilder("qu");
        for (var n = number; n > 0; n /= 20) word.Append("bdklmnprstvwzghjqxyu"[n % 20]);
        return word.ToString();
    }

    static IEnumerable<(string Name, string[] Lines)> Sets() =>
        LoghubSet.Read(SharedFolder.Find("loghub")!).Select(set => (set.Name, File.ReadAllText(set.Path).Split('\n', StringSplitOptions.RemoveEmptyEntries)));

    static List<string> ByLine(string[] lines) =>
        [.. FingerprintRun.Of(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))), LogFormat.Auto, CancellationToken.None).Events().Select(e => e.Fingerprint.Key)];
}
