using Routing.Catalog;
using Routing.Policies;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>Conditions and data rules of policies, met and not.</summary>
public sealed class ConditionsTests
{
    public static TheoryData<PolicyConditions, bool, string?> Conditions => new()
    {
        { new() { Complexity = ">0.7" }, true, null },
        { new() { Complexity = ">=0.75" }, true, null },
        { new() { Complexity = ">0.75" }, false, "It is for a complexity >0.75, this is 0.75." },
        { new() { Complexity = ">0.3, <0.7" }, false, "It is for a complexity >0.3, <0.7, this is 0.75." },
        { new() { InputTokens = ">8000 tokens" }, true, null },
        { new() { InputTokens = "<=8000" }, false, "It is for input_tokens <=8000, this has about 9000." },
        { new() { InputBytes = "<40000" }, true, null },
        { new() { InputBytes = ">40000 bytes" }, false, "It is for input_bytes >40000 bytes, this has 36000." },
        { new() { TaskTypes = ["plan", "fix_bug"] }, true, null },
        { new() { TaskTypes = ["plan", "write_report"] }, false, "It is for tasks of the type plan or write_report, this is fix_bug." },
        { new() { Labels = new Dictionary<string, string> { ["team"] = "ops" } }, true, null },
        { new() { Labels = new Dictionary<string, string> { ["team"] = "dev" } }, false, "It is for requests with the label team=dev, this has team=ops." },
        { new() { Labels = new Dictionary<string, string> { ["tier"] = "gold" } }, false, "It is for requests with the label tier=gold, this has none of that name." },
        { new() { Latency = "<1000ms" }, true, null },
    };

    [Theory]
    [MemberData(nameof(Conditions))]
    public void A_models_condition_is_met_or_told(PolicyConditions when, bool isMet, string? reason)
    {
        var config = Given.Config(Given.Mini, Given.Sonnet) with { MaxCostPerTaskUsd = 1 };
        config = config with { Models = [config.Models[0] with { When = when }, config.Models[1]] };

        var chosen = Given.Snapshot(config).Chosen(Hard);

        Assert.Equal(isMet ? [Given.Mini, Given.Sonnet] : [Given.Sonnet], chosen.Slugs());
        Assert.Equal(reason, chosen.Excluded.SingleOrDefault()?.Reason);
    }

    [Fact]
    public void A_policys_own_condition_holds_for_all_of_its_models()
    {
        var nobody = Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet) with { When = new() { Complexity = "<0.5" } }).Nobody(Hard);

        Assert.Equal("no_usable_model", nobody.Code);
        Assert.Equal(["It is for a complexity <0.5, this is 0.75.", "It is for a complexity <0.5, this is 0.75."], nobody.Excluded.Select(e => e.Reason));
    }

    [Theory]
    [InlineData(0.3, true)] // its 95th percentile is three times that
    [InlineData(0.4, false)]
    public void A_model_that_was_slow_lately_is_passed_over_where_latency_is_a_condition(double medianSeconds, bool isMet)
    {
        var config = Given.Config(Given.Mini, Given.Sonnet);
        config = config with { Models = [config.Models[0] with { When = new() { Latency = "<1000ms" } }, config.Models[1]] };
        var snapshot = Given.Snapshot(config) with { Records = new Dictionary<(string, string, string), ModelRecord> { [("openrouter", Given.Mini, "normal")] = Given.Record(5, 5, medianSeconds) } };

        Assert.Equal(isMet ? [Given.Mini, Given.Sonnet] : [Given.Sonnet], snapshot.Chosen(Given.Request).Slugs());
    }

    public static TheoryData<DataRules, Func<CatalogModel, CatalogModel>, string?> Rules => new()
    {
        { new() { ZeroRetention = true }, m => m with { IsZeroRetention = true }, null },
        { new() { ZeroRetention = true }, m => m, "The policy normal allows only providers that keep nothing, and this one may." },
        { new() { EuOnly = true }, m => m with { Regions = new HashSet<string> { "eu" } }, null },
        { new() { EuOnly = true }, m => m, "The policy normal allows only what is computed in the EU, and this is computed nobody knows where." },
        { new() { EuOnly = true }, m => m with { Regions = new HashSet<string> { "us" } }, "The policy normal allows only what is computed in the EU, and this is computed in us." },
        { new() { AllowProviders = ["local", "openrouter"] }, m => m, null },
        { new() { AllowProviders = ["local"] }, m => m, "The policy normal allows only the providers local." },
        { new() { DenyProviders = ["local"] }, m => m, null },
        { new() { DenyProviders = ["openrouter"] }, m => m, "The policy normal forbids the provider openrouter." },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Data_goes_only_where_the_policy_lets_it(DataRules data, Func<CatalogModel, CatalogModel> change, string? reason)
    {
        var snapshot = Given.Snapshot(Given.Config(Given.Mini) with { Data = data }) with { Models = [change(Given.Model(Given.Mini))] };

        Assert.Equal(reason is null ? [] : [reason], SelectModel.Decide(snapshot, Given.Request).Excluded.Select(e => e.Reason));
    }

    [Fact]
    public void A_policy_that_stands_in_is_bound_by_the_rules_of_the_one_that_was_asked_for()
    {
        var asked = Given.Config(Given.Mini) with { DowngradeTo = ["ops"], Data = new() { ZeroRetention = true }, Requires = ["tools"] };
        var snapshot = Given.Snapshot(asked, ("ops", Given.Config(Given.Turbo)));

        Assert.Equal("The policy normal allows only providers that keep nothing, and this one may.", snapshot.Nobody(Given.Request).Excluded.Single(e => e.Slug == Given.Turbo).Reason);
        var safe = snapshot with { Models = [Given.Model(Given.Turbo) with { IsZeroRetention = true }] };
        Assert.Equal([Given.Turbo], safe.Chosen(Given.Request).Slugs());
    }

    [Fact]
    public void What_a_policy_requires_every_model_must_have()
    {
        var chosen = (Given.Snapshot(Given.Config(Given.Mini, Given.Sonnet) with { Requires = ["reasoning"] }) with
        {
            Models = [Given.Model(Given.Mini), Given.Model(Given.Sonnet) with { Parameters = new HashSet<string> { "reasoning" } }],
        }).Chosen(Given.Request);

        Assert.Equal("It lacks reasoning, which the policy normal requires.", Assert.Single(chosen.Excluded).Reason);
        Assert.Equal([Given.Sonnet], chosen.Slugs());
    }

    static RoutingRequest Hard => Given.Request with { TaskType = "fix_bug", Complexity = 0.75, InputTokens = 9000, InputBytes = 36_000, Labels = new Dictionary<string, string> { ["team"] = "ops" } };
}
