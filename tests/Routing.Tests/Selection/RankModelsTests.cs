using Routing.Policies;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>How what was seen of models changes their order within a policy.</summary>
public sealed class RankModelsTests
{
    [Fact]
    public void As_long_as_nothing_is_known_the_priorities_are_the_order()
    {
        var config = Given.Config(Given.Opus, Given.Mini, Given.Sonnet) with { Weights = new PolicyWeights(1, 0, 0), MaxCostPerTaskUsd = 1 };

        Assert.Equal([Given.Opus, Given.Mini, Given.Sonnet], Given.Snapshot(config).Chosen(Given.Request).Slugs());
    }

    [Theory]
    [InlineData(19, 19, 200, 140, false)] // too few calls prove nothing
    [InlineData(100, 98, 19, 10, false)]
    [InlineData(100, 98, 100, 75, true)]
    [InlineData(100, 98, 100, 97, false)] // about as good: nobody changes places
    [InlineData(30, 30, 1000, 900, false)] // thirty of thirty are not sure to be better than nine of ten
    public void The_second_goes_before_the_first_when_it_is_surely_and_clearly_better(int calls, int good, int firstCalls, int firstGood, bool goesFirst)
    {
        var snapshot = WithRecords((Given.Mini, Given.Record(firstCalls, firstGood)), (Given.Sonnet, Given.Record(calls, good)));

        var chosen = snapshot.Chosen(Given.Request);

        Assert.Equal(goesFirst ? [Given.Sonnet, Given.Mini] : [Given.Mini, Given.Sonnet], chosen.Slugs());
        Assert.Equal(goesFirst, chosen.Reasons.Any(r => r.StartsWith($"{Given.Sonnet} goes before {Given.Mini}: it scores ", StringComparison.Ordinal)));
        if (goesFirst) Assert.InRange(chosen.Confidence, 0.9, 1);
    }

    [Fact]
    public void A_model_that_fails_often_goes_behind_one_that_nothing_is_known_of()
    {
        var chosen = WithRecords((Given.Mini, Given.Record(40, 20))).Chosen(Given.Request);

        Assert.Equal([Given.Sonnet, Given.Mini], chosen.Slugs());
        Assert.Contains($"{Given.Mini} goes behind the others: of its last 40 calls at most 65 % succeed.", chosen.Reasons);
    }

    [Fact]
    public void When_all_fail_often_the_order_stays() =>
        Assert.Equal([Given.Mini, Given.Sonnet], WithRecords((Given.Mini, Given.Record(40, 20)), (Given.Sonnet, Given.Record(40, 20))).Chosen(Given.Request).Slugs());

    [Theory]
    [InlineData(null, false)]     // the policy's weights: quality counts most, and both are as good
    [InlineData("fast", true)]
    public void A_preference_decides_what_counts(string? preference, bool fasterGoesFirst)
    {
        var snapshot = WithRecords((Given.Mini, Given.Record(200, 190, latencySeconds: 8)), (Given.Sonnet, Given.Record(200, 190, latencySeconds: 0.5)));

        Assert.Equal(fasterGoesFirst ? [Given.Sonnet, Given.Mini] : [Given.Mini, Given.Sonnet], snapshot.Chosen(Given.Request with { Preference = preference }).Slugs());
    }

    [Fact]
    public void The_preference_of_the_tasks_type_counts_where_the_caller_has_none()
    {
        var snapshot = WithRecords((Given.Mini, Given.Record(200, 190, latencySeconds: 8)), (Given.Sonnet, Given.Record(200, 190, latencySeconds: 0.5)));
        snapshot = snapshot with { Policies = snapshot.Policies with { Preferences = new Dictionary<string, string> { ["fix_bug"] = "fast" } } };

        Assert.Equal([Given.Sonnet, Given.Mini], snapshot.Chosen(Given.Request with { Policy = null, TaskType = "fix_bug" }).Slugs());
        Assert.Equal([Given.Mini, Given.Sonnet], snapshot.Chosen(Given.Request with { Policy = null, TaskType = "fix_bug", Preference = "quality" }).Slugs());
    }

    [Fact]
    public void Verdicts_on_answers_count_when_all_have_some()
    {
        (string, ModelRecord) Seen(string slug, double? quality) => (slug, Given.Record(200, 190, quality: quality));

        Assert.Equal([Given.Sonnet, Given.Mini], WithRecords(Seen(Given.Mini, 0.5), Seen(Given.Sonnet, 0.9)).Chosen(Given.Request).Slugs());
        Assert.Equal([Given.Mini, Given.Sonnet], WithRecords(Seen(Given.Mini, null), Seen(Given.Sonnet, 0.9)).Chosen(Given.Request).Slugs());
    }

    [Fact]
    public void A_model_goes_past_one_that_nothing_is_known_of_only_together_with_one_it_beats()
    {
        var config = Given.Config(Given.Mini, Given.Turbo, Given.Sonnet) with { Weights = new PolicyWeights(0, 1, 0) };
        var snapshot = Given.Snapshot(config) with { Records = Records((Given.Mini, Given.Record(100, 80)), (Given.Sonnet, Given.Record(100, 100))) };

        Assert.Equal([Given.Sonnet, Given.Mini, Given.Turbo], snapshot.Chosen(Given.Request).Slugs());
    }

    [Fact]
    public void What_was_seen_under_another_policy_does_not_count()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with
        {
            Records = new Dictionary<(string, string, string), ModelRecord> { [("openrouter", Given.Mini, "code")] = Given.Record(100, 10) },
        };

        Assert.Equal([Given.Mini, Given.Sonnet], snapshot.Chosen(Given.Request).Slugs());
    }

    [Fact]
    public void The_likely_latency_is_what_was_seen() =>
        Assert.Equal(TimeSpan.FromSeconds(2), WithRecords((Given.Mini, Given.Record(5, 5, latencySeconds: 2))).Chosen(Given.Request).Candidates[0].EstimatedLatency);

    static RoutingSnapshot WithRecords(params (string Slug, ModelRecord Record)[] records) =>
        Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet) with { Weights = new PolicyWeights(0, 0.95, 0.05) }) with { Records = Records(records) };

    static Dictionary<(string, string, string), ModelRecord> Records(params (string Slug, ModelRecord Record)[] records) =>
        records.ToDictionary(r => ("openrouter", r.Slug, "normal"), r => r.Record);
}
