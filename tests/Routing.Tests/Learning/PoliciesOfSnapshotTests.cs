using Routing.Learning;
using Routing.Policies;
using Routing.Selection;
using Routing.Tests.Selection;

namespace Routing.Tests.Learning;

public sealed class PoliciesOfSnapshotTests
{
    [Fact]
    public void A_policy_has_its_models_by_priority_and_of_one_model_the_cheapest_provider_first()
    {
        var config = Given.Config(Given.Sonnet, "gone/one", Given.Mini) with { MaxCostPerTaskUsd = 0.25m, Weights = new PolicyWeights(0.1, 0.8, 0.1) };
        var snapshot = new RoutingSnapshot(Given.Now, Given.Policies(("normal", config with { Models = [.. config.Models.Reverse()] })),
            [.. Given.Catalog, Given.Model(Given.Mini, 0.1m, "cheap"), Given.Model(Given.Turbo) with { Price = null, PriorQuality = 0.7 }])
        {
            Standing = new Dictionary<(string, string), string> { [("openrouter", Given.Sonnet)] = "it fails" },
        };

        var policy = Assert.Single(PoliciesOfSnapshot.Of(snapshot));

        Assert.Equal([("openrouter", Given.Sonnet), ("cheap", Given.Mini), ("openrouter", Given.Mini)], policy.Models.Select(m => (m.Provider, m.Slug)));
        Assert.Equal([5.25, 0.175, 0.2625], policy.Models.Select(m => Math.Round(m.PricePerMtok!.Value, 6))); // three of input to one of output
        Assert.Equal((1, 0.125, 0.125, 0.25m), (policy.Weights.Quality, policy.Weights.Cost, policy.Weights.Latency, policy.Weights.WorthUsd));
    }

    [Fact]
    public void A_policy_without_a_model_at_present_is_left_out_and_one_that_may_cost_nothing_can_be_ranked()
    {
        var snapshot = new RoutingSnapshot(Given.Now, Given.Policies(("normal", Given.Config("gone/one")), ("free", Given.Config(Given.Mini) with { MaxCostPerTaskUsd = 0 })), Given.Catalog);

        Assert.Equal(("free", RankWeights.Balanced.WorthUsd), Assert.Single(PoliciesOfSnapshot.Of(snapshot)) is var only ? (only.Policy, only.Weights.WorthUsd) : default);
    }
}
