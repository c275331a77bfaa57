using Routing.Catalog;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>What happens when money is short: less output, a cheaper model, a policy that stands in, and at last nobody.</summary>
public sealed class MoneyTests
{
    // With a dollar a million of input and four of output, 5,024 tokens of input and 4,000 of output may cost $0.021024.
    static readonly CatalogModel Usual = Given.Model(Given.Mini);

    [Theory]
    [InlineData(0.10, 0, 4000)]
    [InlineData(0.10, 0.078976, 4000)] // what is left is exactly the hold
    [InlineData(0.10, 0.078977, 3999)]
    [InlineData(0.10, 0.09, 1244)]     // $0.01 − $0.005024 at $0.000004
    [InlineData(0.10, 0.093952, 256)]  // the floor
    public void The_output_is_lowered_to_what_is_left_of_the_policys_limit_for_a_task(decimal limitUsd, decimal spentUsd, int maxTokens)
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini) with { MaxCostPerTaskUsd = limitUsd }) with { Models = [Usual] };

        var candidate = snapshot.Chosen(Given.Request with { SpentByTask = NanoUsd.Ceiling(spentUsd) }).Candidates[0];

        Assert.Equal(maxTokens, candidate.MaxTokens);
        Assert.True(candidate.Hold.Usd <= limitUsd - spentUsd);
        Assert.Equal(maxTokens < 4000, candidate.Reasons.Any(r => r.EndsWith("is left of the limit of the policy normal for a task.", StringComparison.Ordinal)));
    }

    [Fact]
    public void Below_the_floor_nobody_is_chosen_and_the_limit_is_named()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Usual] };

        var nobody = snapshot.Nobody(Given.Request with { SpentByTask = NanoUsd.Ceiling(0.093953m) });

        Assert.Equal("over_budget", nobody.Code);
        Assert.Equal("The task budget of policy normal is $0.10: $0.093953 is spent, $0.00 is held, and the call may cost $0.006048.", nobody.Reason);
        Assert.Equal((0.006048m, 0.006047m), (nobody.Refusal!.Needed.Usd, nobody.Refusal.Left.Usd));
    }

    [Theory]
    [InlineData("total", "", true)]
    [InlineData("tenant", "acme", true)]
    [InlineData("tenant", "other", false)]
    [InlineData("policy", "normal", true)]
    [InlineData("policy", "ops", false)]
    [InlineData("task_kind", "mend", true)]
    [InlineData("task_kind", "fix_bug", false)]
    [InlineData("model", Given.Mini, true)]
    [InlineData("model", Given.Sonnet, false)]
    [InlineData("provider", "openrouter", true)]
    [InlineData("provider", "local", false)]
    [InlineData("worker", "worker:12", true)]
    [InlineData("worker", "worker:1", false)]
    public void A_budget_counts_for_whom_it_is_for(string scope, string key, bool counts)
    {
        var request = Given.Request with { Tenant = "acme", TaskKind = "mend", TaskType = "fix_bug", Worker = "worker:12" };
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Usual], Budgets = [Given.Budget(scope, key, 1, settledUsd: 0.995m)] };

        var decision = SelectModel.Decide(snapshot, request);

        Assert.Equal(counts, decision is RoutingDecision.Nobody { Code: "over_budget" });
        if (decision is RoutingDecision.Nobody nobody)
        {
            Assert.Equal((scope, key, 0.005m), (nobody.Refusal!.Budget.Scope, nobody.Refusal.Budget.Key, nobody.Refusal.Left.Usd));
            Assert.Contains("it resets at 2026-03-02T00:00:00", nobody.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_budget_that_begins_anew_with_each_task_counts_what_the_task_has_spent()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Usual], Budgets = [Given.Budget("tenant", "acme", 0.02m, period: "task")] };

        Assert.Equal(3744, snapshot.Chosen(Given.Request with { Tenant = "acme" }).Candidates[0].MaxTokens);
        Assert.Equal("over_budget", snapshot.Nobody(Given.Request with { Tenant = "acme", SpentByTask = NanoUsd.Floor(0.015m) }).Code);
    }

    [Fact]
    public void A_soft_budget_warns_and_refuses_nothing()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Budgets = [Given.Budget("total", "", 1, settledUsd: 2, isHard: false), Given.Budget("tenant", "other", 1, settledUsd: 2, isHard: false)] };

        var chosen = snapshot.Chosen(Given.Request);

        Assert.Equal(4000, chosen.Candidates[0].MaxTokens);
        Assert.Equal(["Nothing is left of the day budget of all, which only warns."], chosen.Reasons.Where(r => r.StartsWith("Nothing", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_cheaper_model_of_the_policy_comes_before_a_policy_that_stands_in()
    {
        var config = Given.Config(Given.Opus, Given.Mini) with { DowngradeTo = ["ops"] };
        var snapshot = Given.Snapshot(config, ("ops", Given.Config(Given.Turbo))) with { Budgets = [Given.Budget("total", "", 0.004m)] };

        var chosen = snapshot.Chosen(Given.Request);

        Assert.Equal([(Given.Mini, "normal")], chosen.Candidates.Select(c => (c.Model.Slug, c.Policy)));
        Assert.Contains("and $0.004 is left of the day budget of all.", Assert.Single(chosen.Excluded).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_stands_in_is_bound_by_the_limit_of_the_one_that_was_asked_for()
    {
        var config = Given.Config(Given.Opus) with { DowngradeTo = ["ops"], MaxCostPerTaskUsd = 0.5m };
        var snapshot = Given.Snapshot(config, ("ops", Given.Config(Given.Turbo) with { MaxCostPerTaskUsd = 0.01m, MaxTokens = 1000 }));

        var chosen = snapshot.Chosen(Given.Request with { SpentByTask = NanoUsd.Floor(0.49m) });

        Assert.Equal(("normal", "ops", 1000), (chosen.Policy, chosen.Candidates[0].Policy, chosen.Candidates[0].MaxTokens));
        Assert.Contains("No model of the policy normal can be used for this; ops stands in.", chosen.Reasons);
        Assert.Equal([Given.Opus], chosen.Excluded.Select(e => e.Slug));
    }

    [Fact]
    public void Stand_ins_are_followed_as_far_as_they_lead_and_never_in_a_circle()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Opus) with { DowngradeTo = ["second"] },
            ("second", Given.Config(Given.Sonnet) with { DowngradeTo = ["normal", "third"] }), ("third", Given.Config(Given.Mini)));

        Assert.Equal([Given.Mini], (snapshot with { Budgets = [Given.Budget("total", "", 0.002m)] }).Chosen(Given.Request).Slugs());
        var nobody = (snapshot with { Budgets = [Given.Budget("total", "", 0.0001m)] }).Nobody(Given.Request);
        Assert.Equal("over_budget", nobody.Code);
        Assert.Equal([Given.Opus, Given.Sonnet, Given.Mini], nobody.Excluded.Select(e => e.Slug));
        Assert.Equal(NanoUsd.Ceiling(PriceFormula.MostUsd(Given.Catalog[0].Price!, 4000, 256)), nobody.Refusal!.Needed); // of the one that came closest
    }

    [Fact]
    public void An_input_that_is_too_long_goes_to_the_policy_that_is_upgraded_to()
    {
        var config = Given.Config(Given.Turbo) with { UpgradeOnContext = ["long"], MaxCostPerTaskUsd = 1 };
        var snapshot = Given.Snapshot(config, ("long", Given.Config(Given.Sonnet))) with
        {
            Models = [Given.Model(Given.Turbo) with { ContextTokens = 16_000 }, Given.Model(Given.Sonnet) with { ContextTokens = 200_000 }],
        };
        var request = Given.Request with { InputTokens = 50_000, InputBytes = 200_000 };

        Assert.Equal([(Given.Sonnet, "long")], snapshot.Chosen(request).Candidates.Select(c => (c.Model.Slug, c.Policy)));
        Assert.Equal([Given.Turbo], snapshot.Chosen(Given.Request).Slugs());
        Assert.Equal("too_long", snapshot.Nobody(request with { InputTokens = 300_000 }).Code);
    }

    [Fact]
    public void What_costs_nothing_needs_no_money()
    {
        var snapshot = Given.Snapshot(Given.Config("local/free")) with { Models = [Given.Model("local/free", 0, "local")], Budgets = [Given.Budget("total", "", 1, settledUsd: 2)] };

        Assert.Equal(NanoUsd.Zero, snapshot.Chosen(Given.Request).Candidates[0].Hold);
    }

    [Fact]
    public void An_input_beyond_all_counting_is_refused_and_breaks_nothing()
    {
        var nobody = (Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Usual with { ContextTokens = null }] }).Nobody(Given.Request with { InputBytes = long.MaxValue, InputTokens = long.MaxValue / 4 });

        Assert.Equal("over_budget", nobody.Code);
    }
}
