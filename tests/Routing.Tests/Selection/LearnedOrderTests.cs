using Routing.Learning;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>A learned or pinned order over the policy's own, and the calls that try another model so that more is learned.</summary>
public sealed class LearnedOrderTests
{
    [Fact]
    public void A_learned_order_is_the_order_and_says_why()
    {
        var chosen = WithRanks(Rank(Given.Sonnet, 1, "promoted above openai/gpt-4o-mini: succeeded 99 %"), Rank(Given.Mini, 2)).Chosen(Given.Request);

        Assert.Equal([Given.Sonnet, Given.Mini], chosen.Slugs());
        Assert.Equal(["It is the second choice of the policy normal.", "It came to place 1: promoted above openai/gpt-4o-mini: succeeded 99 %."], chosen.Candidates[0].Reasons);
        Assert.Equal(["It is the first choice of the policy normal."], chosen.Candidates[1].Reasons);
    }

    [Fact]
    public void Where_an_order_was_learned_a_decision_does_not_turn_it_round_by_the_same_weights_but_by_the_requests()
    {
        var snapshot = WithRanks(Rank(Given.Mini, 1), Rank(Given.Sonnet, 2)) with
        {
            Records = Records((Given.Mini, Given.Record(100, 75, latencySeconds: 4)), (Given.Sonnet, Given.Record(100, 98, latencySeconds: 0.5))),
        };

        Assert.Equal([Given.Mini, Given.Sonnet], snapshot.Chosen(Given.Request).Slugs());
        Assert.Equal([Given.Sonnet, Given.Mini], snapshot.Chosen(Given.Request with { Preference = "fast" }).Slugs());
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("token:anna", true)]
    public void What_fails_often_goes_behind_the_others_unless_somebody_has_put_it_there(string? pinnedBy, bool staysFirst)
    {
        var snapshot = WithRanks(Rank(Given.Mini, 1, pinnedBy: pinnedBy), Rank(Given.Sonnet, 2)) with { Records = Records((Given.Mini, Given.Record(40, 20))) };

        var chosen = snapshot.Chosen(Given.Request with { Preference = "fast" });

        Assert.Equal(staysFirst ? [Given.Mini, Given.Sonnet] : [Given.Sonnet, Given.Mini], chosen.Slugs());
        if (staysFirst) Assert.Contains("It was put in place 1 by token:anna: because.", chosen.Candidates[0].Reasons);
    }

    [Fact]
    public void A_share_of_requests_tries_the_model_of_which_nothing_is_known_and_each_keeps_its_draw()
    {
        var snapshot = Explored(0.1);
        var requests = Enumerable.Range(0, 2000).Select(_ => Given.Request with { RequestId = Guid.CreateVersion7(Given.Now) }).ToArray();

        var tried = requests.Where(r => snapshot.Chosen(r).Slugs()[0] == Given.Sonnet).ToArray();

        Assert.InRange(tried.Length, 130, 280); // of 2000, 200 are to be expected
        Assert.All(tried, r => Assert.Equal([Given.Sonnet, Given.Mini], snapshot.Chosen(r).Slugs()));
        Assert.Contains(snapshot.Chosen(tried[0]).Reasons, r => r.StartsWith($"This call tries {Given.Sonnet}, as 10", StringComparison.Ordinal));
        // Not when it was tried, or the caller has a wish of its own, or only asks what would be.
        Assert.All(tried, r => Assert.Equal([Given.Mini], snapshot.Chosen(r with { Tried = new HashSet<(string, string)> { ("openrouter", Given.Sonnet) } }).Slugs()));
        Assert.All(tried, r => Assert.Equal(Given.Mini, snapshot.Chosen(r with { Preference = "fast" }).Slugs()[0]));
        Assert.Equal(Given.Mini, snapshot.Chosen(Given.Request).Slugs()[0]);
    }

    [Fact]
    public void Nothing_is_tried_beside_what_somebody_has_pinned()
    {
        var snapshot = Explored(0.2) with { Ranks = new[] { Rank(Given.Mini, 1, pinnedBy: "token:anna"), Rank(Given.Sonnet, 2) }.ToLookup(r => r.Policy) };

        Assert.All(Enumerable.Range(0, 200), _ => Assert.Equal(Given.Mini, snapshot.Chosen(Given.Request with { RequestId = Guid.CreateVersion7(Given.Now) }).Slugs()[0]));
    }

    static RoutingSnapshot Explored(double share) => Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with { ExploredShare = share, Records = Records((Given.Mini, Known)) };

    static ModelRecord Known => Given.Record(100, 80) with { Succeeded = 80, Failed = 20, Good = 40, Bad = 40 };

    static RoutingSnapshot WithRanks(params Rank[] ranks) => Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with { Ranks = ranks.ToLookup(r => r.Policy) };

    static Rank Rank(string slug, int position, string? reason = null, string? pinnedBy = null) =>
        new("normal", "openrouter", slug, position, reason ?? (pinnedBy is null ? RankPolicies.AsThePolicySays : "because"), Given.Now, pinnedBy);

    static Dictionary<(string, string, string), ModelRecord> Records(params (string Slug, ModelRecord Record)[] records) => records.ToDictionary(r => ("openrouter", r.Slug, "normal"), r => r.Record);
}
