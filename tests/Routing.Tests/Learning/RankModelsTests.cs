using Routing.Learning;
using Routing.Performance;
using Routing.Selection;

namespace Routing.Tests.Learning;

public sealed class RankModelsTests
{
    [Fact]
    public void A_model_that_fails_steps_back_and_the_reason_says_so()
    {
        var order = Decide(Model("a", 219, 21, 0.0005m, 900), Model("b", 238, 2, 0.0004m, 1200));

        Assert.Equal(["b", "a"], order.Select(r => r.Candidate.Slug));
        Assert.Equal("promoted above a: succeeded 99.2 % (at least 97 %) of 240 calls at $0.0004 in 1.2 s, against succeeded 91.3 % of 240 calls at $0.0005 in 0.9 s", order[0].Reason);
        Assert.StartsWith("demoted below b: succeeded 91.3 % of 240 calls", order[1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 5)] // both too seldom called
    [InlineData(10, 300)] // the first too seldom
    public void Too_few_calls_change_nothing(int callsOfFirst, int callsOfSecond) =>
        Assert.Equal(["a", "b"], Slugs(Decide(Model("a", 0, callsOfFirst, 0.001m, 900), Model("b", callsOfSecond, 0, 0.0001m, 900))));

    [Fact]
    public void A_clearly_bad_model_makes_way_for_one_that_was_never_called()
    {
        var order = Decide(Model("a", 60, 60, 0.001m, 900), Unseen("b", 0.002m), Model("c", 5, 0, 0.001m, 900));

        Assert.Equal("a", order[^1].Candidate.Slug);
        Assert.Contains("what is expected of it", order.Single(r => r.Candidate.Slug == "b").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_whose_cost_is_not_known_passes_nobody() => Assert.Equal(["a", "b"], Slugs(Decide(Model("a", 60, 60, 0.001m, 900), Unseen("b", null))));

    [Theory]
    [InlineData(1, 0, 0, "b", "a")] // only quality counts: b is better judged
    [InlineData(1, 1, 0, "a", "b")] // ten cents against a tenth of one, worth ten cents
    [InlineData(1, 0, 1, "a", "b")] // half a minute against a second
    public void Weights_decide(double quality, double cost, double latency, string first, string second)
    {
        var a = Model("a", 200, 0, 0.0001m, 1000, good: 70, bad: 30);
        var b = Model("b", 200, 0, 0.1m, 30_000, good: 95, bad: 5);

        Assert.Equal([first, second], Slugs(Decide([a, b], new RankWeights(quality, cost, latency, 0.10m, TimeSpan.FromSeconds(30)))));
        Assert.Equal([first, second], Slugs(Decide([b, a], new RankWeights(quality, cost, latency, 0.10m, TimeSpan.FromSeconds(30)))));
    }

    [Fact]
    public void Nothing_passes_by_quality_what_was_not_judged_itself() =>
        Assert.Equal(["a", "b"], Slugs(Decide(Model("a", 200, 0, 0.0002m, 900), Model("b", 200, 0, 0.0002m, 900, good: 100))));

    [Fact]
    public void Two_models_never_beat_each_other_and_a_decided_order_stays()
    {
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var models = Enumerable.Range(0, random.Next(2, 6)).Select(i => random.Next(5) == 0 ? Unseen($"m{i}", 0.001m)
                : Model($"m{i}", random.Next(300), random.Next(60), (decimal)random.NextDouble() / 100, random.Next(100, 20_000), random.Next(3) * random.Next(60), random.Next(2) * random.Next(30))).ToList();

            var once = Decide(models, RankWeights.Balanced);
            var order = once;
            for (var again = 0; again < 5; again++) order = Decide([.. order.Select(r => r.Candidate)], RankWeights.Balanced);

            Assert.Equal(models.Select(m => m.Slug).Order(), Slugs(once).Order());
            Assert.Equal(Slugs(order), Slugs(Decide([.. order.Select(r => r.Candidate)], RankWeights.Balanced)));
        }
    }

    [Fact]
    public void Noise_around_two_equal_models_moves_the_order_seldom()
    {
        var random = new Random(5);
        var (order, moves) = (new[] { "a", "b" }, 0);
        var seen = new Dictionary<string, (double Good, double Bad)> { ["a"] = (0, 0), ["b"] = (0, 0) };
        for (var pass = 0; pass < 1000; pass++) // three days and a half, every five minutes
        {
            foreach (var slug in order)
            {
                var failed = Enumerable.Range(0, 10).Count(_ => random.NextDouble() < 0.05);
                seen[slug] = ((seen[slug].Good + 10 - failed) * 0.99, (seen[slug].Bad + failed) * 0.99); // a half-life of six hours
            }
            var next = Slugs(Decide([.. order.Select(s => Model(s, seen[s].Good, seen[s].Bad, 0.001m, 900))], RankWeights.Balanced)).ToArray();
            if (!next.SequenceEqual(order)) moves++;
            order = next;
        }

        Assert.InRange(moves, 0, 30);
    }

    [Fact]
    public void A_pinned_model_stays_where_it_is()
    {
        var pinned = Model("a", 0, 200, 0.01m, 900) with { IsPinned = true };

        Assert.Equal(["a", "c", "b"], Slugs(Decide(pinned, Model("b", 100, 100, 0.001m, 900), Model("c", 200, 0, 0.001m, 900))));
    }

    static IEnumerable<string> Slugs(IEnumerable<Ranked> order) => order.Select(r => r.Candidate.Slug);

    static IReadOnlyList<Ranked> Decide(params RankCandidate[] models) => Decide(models, RankWeights.Balanced);

    static IReadOnlyList<Ranked> Decide(IReadOnlyList<RankCandidate> models, RankWeights weights) => RankModels.Decide(models, weights, RankSettings.Default);

    static RankCandidate Unseen(string slug, decimal? expectedUsd) => new("p", slug, null, new QualityEvidence(null, null, 0, 0, 0, 0), expectedUsd);

    static RankCandidate Model(string slug, double succeeded, double failed, decimal costUsd, double latencyMs, double good = 0, double bad = 0)
    {
        var latency = TimeSpan.FromMilliseconds(latencyMs);
        var record = new ModelRecord(succeeded + failed, Wilson.Low(succeeded, succeeded + failed), good + bad > 0 ? Wilson.Low(good, good + bad) : null, latency, latency, costUsd)
        {
            Succeeded = succeeded, Failed = failed, Good = good, Bad = bad,
        };
        return new RankCandidate("p", slug, record, new QualityEvidence(null, null, good, good + bad, good, good + bad));
    }
}
