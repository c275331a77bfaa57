using Routing.Catalog;
using Routing.Policies;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>Which policy a request comes to, and which of its models are passed over and why.</summary>
public sealed class SelectModelTests
{
    [Fact]
    public void The_first_choice_is_chosen_and_the_others_are_to_fall_back_on()
    {
        var chosen = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)).Chosen(Given.Request);

        Assert.Equal(("normal", 1), (chosen.Policy, chosen.PolicyVersion));
        Assert.Equal([Given.Mini, Given.Sonnet], chosen.Slugs());
        Assert.Equal((4000, 0.7, "normal"), (chosen.Candidates[0].MaxTokens, chosen.Candidates[0].Temperature, chosen.Candidates[0].Policy));
        Assert.Equal(NanoUsd.Ceiling(PriceFormula.MostUsd(chosen.Candidates[0].Model.Price!, 4000, 4000)), chosen.Candidates[0].Hold);
        Assert.InRange(chosen.Candidates[0].EstimatedUsd, 0.0001m, chosen.Candidates[0].Hold.Usd);
        Assert.Equal(0.5, chosen.Confidence);
        Assert.Empty(chosen.Excluded);
        Assert.Equal("The policy normal was asked for.", chosen.Reasons[0]);
        Assert.Contains(Given.Mini + " at openrouter is chosen; the call may cost $", chosen.Reasons[^1], StringComparison.Ordinal);
        Assert.Equal(["It is the first choice of the policy normal."], chosen.Candidates[0].Reasons);
    }

    [Theory]
    [InlineData("code", null, "code", "The policy code was asked for.")]
    [InlineData("programming", null, "code", "programming is another name of the policy code.")]
    [InlineData("code", "analyze_logs", "code", "The policy code was asked for.")]
    [InlineData(null, "fix_bug", "code", "Tasks of the type fix_bug go by the policy code.")]
    [InlineData(null, "analyze_logs", "normal", "Tasks of the type analyze_logs go by the policy normal.")]
    [InlineData(null, "juggle", "normal", "Nothing is said of tasks of the type juggle: they go by normal, the policy of the type generic.")]
    [InlineData(null, null, "normal", "Neither a policy nor a type of task was named: they go by normal, the policy of the type generic.")]
    public void The_policy_is_the_one_that_is_asked_for_or_that_of_the_tasks_type(string? asked, string? type, string policy, string reason)
    {
        var chosen = WithCode().Chosen(Given.Request with { Policy = asked, TaskType = type });

        Assert.Equal((policy, reason), (chosen.Policy, chosen.Reasons[0]));
    }

    [Theory]
    [InlineData("absent", null, "There is no policy \"absent\"; there are code, normal.")]
    [InlineData(null, "lost", "Tasks of the type lost go by the policy gone, which is not in force.")]
    public void A_policy_that_is_not_there_is_told_and_no_other_takes_its_place(string? asked, string? type, string reason)
    {
        var nobody = WithCode().Nobody(Given.Request with { Policy = asked, TaskType = type });

        Assert.Equal(("unknown_policy", reason), (nobody.Code, nobody.Reason));
    }

    [Fact]
    public void Without_any_policy_nobody_is_chosen() =>
        Assert.Equal("unknown_policy", new RoutingSnapshot(Given.Now, PolicySet.Empty, Given.Catalog).Nobody(Given.Request with { Policy = null }).Code);

    public static TheoryData<string, Func<CatalogModel, CatalogModel>, string> Unusable => new()
    {
        { "no price", m => m with { Price = null }, "Its price is not known, and no ceiling is set for it." },
        { "expired", m => m with { ExpiresAt = Given.Now }, "It was taken away by the provider on 2026-03-01." },
        { "embeddings only", m => m with { OutputModalities = new HashSet<string> { "embeddings" } }, "It does not answer with text." },
        { "no tools", m => m with { Parameters = new HashSet<string> { "temperature" } }, "It lacks tools, which the request needs." },
        { "context too short", m => m with { ContextTokens = 1200 }, "The input of about 1000 tokens and 256 of output do not fit its context of 1200." },
        { "answers too short", m => m with { MaxOutputTokens = 100 }, "It answers with at most 100 tokens, and at least 256 are wanted." },
        { "too dear", m => m with { Price = new ModelPrice(0.001m, 0.001m) }, "It may cost $5.28 even with 256 tokens of output, and $0.10 is left of the limit of the policy normal for a task." },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public void A_model_that_cannot_be_used_is_passed_over_with_the_reason(string what, Func<CatalogModel, CatalogModel> change, string reason)
    {
        Assert.NotEmpty(what);
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with { Models = [change(Given.Model(Given.Mini)), Given.Model(Given.Sonnet)] };

        var chosen = snapshot.Chosen(Given.Request with { Needs = new HashSet<string> { "tools" } });

        Assert.Equal([Given.Sonnet], chosen.Slugs());
        Assert.Equal(new Excluded("openrouter", Given.Mini, reason), Assert.Single(chosen.Excluded));
        Assert.Equal(1, chosen.Confidence);
    }

    [Theory]
    [InlineData("openrouter", Given.Mini, "It stands still: it failed three times in a minute.")]
    [InlineData("openrouter", "", "The provider openrouter stands still: it failed three times in a minute.")]
    public void What_stands_still_is_passed_over(string provider, string slug, string reason)
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with
        {
            Models = [Given.Model(Given.Mini), Given.Model(Given.Sonnet, provider: "second")],
            Standing = new Dictionary<(string, string), string> { [(provider, slug)] = "it failed three times in a minute." },
        };

        var chosen = snapshot.Chosen(Given.Request);

        Assert.Equal([Given.Sonnet], chosen.Slugs());
        Assert.Equal(reason, Assert.Single(chosen.Excluded).Reason);
    }

    [Fact]
    public void What_was_tried_is_not_chosen_again()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet));
        var tried = Given.Request with { Tried = new HashSet<(string, string)> { ("openrouter", Given.Mini) } };

        Assert.Equal([Given.Sonnet], snapshot.Chosen(tried).Slugs());
        var nobody = snapshot.Nobody(tried with { Tried = new HashSet<(string, string)> { ("openrouter", Given.Mini), ("openrouter", Given.Sonnet) } });
        Assert.Equal("no_usable_model", nobody.Code);
        Assert.Equal(["It was tried for this request already.", "It was tried for this request already."], nobody.Excluded.Select(e => e.Reason));
    }

    [Fact]
    public void A_model_that_left_the_catalog_is_replaced_by_the_first_successor_that_is_there()
    {
        var config = Given.Config(Given.Mini) with { Models = [new PolicyModel("openai/gone", 1) { Aliases = ["openai/also-gone", Given.Turbo, Given.Mini] }] };

        var chosen = Given.Snapshot(config).Chosen(Given.Request);

        Assert.Equal([Given.Turbo], chosen.Slugs());
        Assert.Contains("openai/gone is not in the catalog any more; its successor openai/gpt-3.5-turbo stands in for it.", chosen.Candidates[0].Reasons);
    }

    [Fact]
    public void A_successor_that_is_a_model_of_the_policy_itself_is_not_taken_twice()
    {
        var config = Given.Config(Given.Mini) with { Models = [new PolicyModel("openai/gone", 1) { Aliases = [Given.Mini] }, new PolicyModel(Given.Mini, 2)] };

        var chosen = Given.Snapshot(config).Chosen(Given.Request);

        Assert.Equal([Given.Mini], chosen.Slugs());
        Assert.Equal(new Excluded("", "openai/gone", "It is not in the catalog, and neither is any of its successors."), Assert.Single(chosen.Excluded));
    }

    [Fact]
    public void An_expired_model_makes_way_for_its_successor()
    {
        var config = Given.Config(Given.Mini) with { Models = [new PolicyModel(Given.Mini, 1) { Aliases = [Given.Turbo] }] };
        var snapshot = Given.Snapshot(config) with { Models = [Given.Model(Given.Mini) with { ExpiresAt = Given.Now.AddDays(-1) }, Given.Model(Given.Turbo)] };

        Assert.Equal([Given.Turbo], snapshot.Chosen(Given.Request).Slugs());
    }

    [Fact]
    public void Of_several_providers_the_cheapest_comes_first_and_the_next_before_the_next_model()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with { Models = [Given.Model(Given.Mini, 2, "dear"), Given.Model(Given.Sonnet), Given.Model(Given.Mini, 1, "cheap")] };

        Assert.Equal([("cheap", Given.Mini), ("dear", Given.Mini), ("openrouter", Given.Sonnet)], snapshot.Chosen(Given.Request).Candidates.Select(c => (c.Model.Provider, c.Model.Slug)));
    }

    [Theory]
    [InlineData("tools", true)]
    [InlineData("json_schema", true)]
    [InlineData("json_object", true)]
    [InlineData("image", false)]
    [InlineData("reasoning", false)]
    [InlineData("image_output", false)]
    public void A_need_is_met_by_what_the_model_takes_gives_or_understands(string need, bool isMet) => Assert.Equal(isMet, Capabilities.Has(Given.Model(Given.Mini), need));

    [Fact]
    public void Images_go_only_to_models_that_take_them()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet)) with
        {
            Models = [Given.Model(Given.Mini), Given.Model(Given.Sonnet) with { InputModalities = new HashSet<string> { "text", "image" } }],
        };

        Assert.Equal([Given.Sonnet], snapshot.Chosen(Given.Request with { Images = 1 }).Slugs());
    }

    [Theory]
    [InlineData(null, 4000, 4000)]
    [InlineData(500, 4000, 500)]
    [InlineData(100, 4000, 100)] // less than the floor is what the caller wants
    [InlineData(9000, 4000, 4000)]
    [InlineData(null, 300, 300)]
    public void The_output_is_what_caller_policy_and_model_allow(int? asked, int modelAllows, int expected)
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Given.Model(Given.Mini) with { MaxOutputTokens = modelAllows }] };

        Assert.Equal(expected, snapshot.Chosen(Given.Request with { MaxTokens = asked }).Candidates[0].MaxTokens);
    }

    [Fact]
    public void The_output_is_lowered_to_what_the_context_leaves()
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini)) with { Models = [Given.Model(Given.Mini) with { ContextTokens = 3000 }] };

        var candidate = snapshot.Chosen(Given.Request).Candidates[0];

        Assert.Equal(2000, candidate.MaxTokens);
        Assert.Contains("Its answer may have 2000 tokens instead of 4000: the model or its context allows no more.", candidate.Reasons);
    }

    [Theory]
    [InlineData("fast", "The preference fast sets the weights.")]
    [InlineData("sideways", "There is no preference \"sideways\": the policy's weights count.")]
    public void A_preference_is_told(string preference, string reason) =>
        Assert.Contains(reason, Given.Snapshot(Given.Config(Given.Mini)).Chosen(Given.Request with { Preference = preference }).Reasons);

    static RoutingSnapshot WithCode() => new(Given.Now, PolicySet.Of(
        [new Policy("normal", 1, Given.Config(Given.Mini)), new Policy("code", 7, Given.Config(Given.Sonnet) with { Aliases = ["programming"] })],
        [new TaskType("fix_bug", "code", null), new TaskType("analyze_logs", "normal", null), new TaskType("lost", "gone", null), new TaskType("generic", "normal", null)]), Given.Catalog);
}
