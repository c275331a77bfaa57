using Routing.Catalog;
using Routing.Policies;
using Routing.Tests.Selection;

namespace Routing.Tests.Policies;

/// <summary>A policy beside the others, and beside the catalog.</summary>
public sealed class CheckPolicyTests
{
    static readonly PolicySet Active = Given.Policies(
        ("normal", Given.Config(Given.Mini) with { DowngradeTo = ["ops"] }), ("deep", Given.Config(Given.Opus) with { Aliases = ["deep_research"], DowngradeTo = ["normal"], UpgradeOnContext = ["ops"] }),
        ("ops", Given.Config(Given.Turbo)));

    public static TheoryData<string, PolicyConfig, string?> Policies => new()
    {
        { "normal", Given.Config(Given.Mini) with { DowngradeTo = ["ops"] }, null },
        { "new_one", Given.Config(Given.Mini) with { DowngradeTo = ["deep", "normal"], UpgradeOnContext = ["deep"], Aliases = ["fresh"] }, null },
        { "deep", Given.Config(Given.Mini) with { Aliases = ["deep_research"] }, null }, // its own
        { "normal", Given.Config(Given.Mini) with { DowngradeTo = ["normal"] }, "downgrade_to[0] is normal, the policy itself." },
        { "normal", Given.Config(Given.Mini) with { DowngradeTo = ["ops", "cheap"] }, "downgrade_to[1] is cheap, which is no active policy; there are deep, normal, ops." },
        { "normal", Given.Config(Given.Mini) with { DowngradeTo = ["deep"] }, "downgrade_to[0] makes a circle: normal → deep → normal." },
        { "ops", Given.Config(Given.Mini) with { DowngradeTo = ["deep"] }, "downgrade_to[0] makes a circle: ops → deep → normal → ops." },
        { "ops", Given.Config(Given.Mini) with { UpgradeOnContext = ["deep"] }, "upgrade_on_context[0] makes a circle: ops → deep → ops." },
        { "normal", Given.Config(Given.Mini) with { UpgradeOnContext = ["huge"] }, "upgrade_on_context[0] is huge, which is no active policy; there are deep, normal, ops." },
        { "normal", Given.Config(Given.Mini) with { Aliases = ["normal"] }, "aliases[0] is normal, the name of the policy itself." },
        { "normal", Given.Config(Given.Mini) with { Aliases = ["usual", "ops"] }, "aliases[1] is ops, which is the name of another policy." },
        { "normal", Given.Config(Given.Mini) with { Aliases = ["deep_research"] }, "aliases[0] is deep_research, which is an alias of the policy deep." },
        { "deep_research", Given.Config(Given.Mini), "The name deep_research is an alias of the policy deep." },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void What_does_not_go_with_the_other_policies_is_told(string name, PolicyConfig config, string? problem) =>
        Assert.Equal(problem is null ? [] : [problem], CheckPolicy.Problems(name, config, Active));

    public static TheoryData<PolicyConfig, Func<CatalogModel, CatalogModel>, string?> Warnings => new()
    {
        { Given.Config(Given.Mini, Given.Sonnet), m => m, null },
        { Given.Config(Given.Mini), m => m, "There is only one model: when it stands still, nothing can take its place." },
        { Given.Config(Given.Mini, "openai/gone"), m => m, "openai/gone is not in the catalog." },
        { Given.Config(Given.Mini, Given.Sonnet) with { Models = [new("openai/gone", 1) { Aliases = [Given.Turbo] }, new(Given.Mini, 2)] }, m => m, "openai/gone is not in the catalog; its successor openai/gpt-3.5-turbo will stand in for it." },
        { Given.Config(Given.Mini, Given.Sonnet), m => m.Slug == Given.Mini ? m with { Price = null } : m, "openai/gpt-4o-mini has no known price and no ceiling: it cannot be used." },
        { Given.Config(Given.Mini, Given.Sonnet), m => m.Slug == Given.Mini ? m with { ExpiresAt = Given.Now.AddDays(7) } : m, "openai/gpt-4o-mini is taken away by its provider on 2026-03-08." },
        { Given.Config(Given.Mini, Given.Sonnet), m => m.Slug == Given.Mini ? m with { MaxOutputTokens = 1000 } : m, "openai/gpt-4o-mini answers with at most 1000 tokens, max_tokens is 4000." },
        { Given.Config(Given.Mini, Given.Sonnet) with { Requires = ["reasoning"] }, m => m.Slug == Given.Mini ? m with { Parameters = new HashSet<string> { "reasoning" } } : m, "anthropic/claude-sonnet-4.5 can never be used: It lacks reasoning, which the policy itself requires." },
        { Given.Config(Given.Mini, Given.Opus) with { MaxCostPerTaskUsd = 0.05m }, m => m, "A call of anthropic/claude-opus-4.5 with 8000 bytes of input and 4000 tokens of output may cost $0.12512, more than max_cost_per_task_usd, $0.05: its answers will be cut shorter." },
        { Given.Config(Given.Mini, Given.Sonnet) with { When = new() { TaskTypes = ["fix_bug", "juggle"] } }, m => m, "The task type juggle of a condition is not in the table of task types." },
        { Given.Config(Given.Mini, Given.Sonnet) with { Models = [new(Given.Mini, 1) { When = new() { Complexity = "<0.5" } }, new(Given.Sonnet, 2) { When = new() { Complexity = ">0.7" } }] }, m => m, "Every model has a condition: for a request that meets none there is no model." },
    };

    [Theory]
    [MemberData(nameof(Warnings))]
    public void What_is_likely_not_meant_is_told(PolicyConfig config, Func<CatalogModel, CatalogModel> change, string? warning)
    {
        var warnings = WarnOfPolicy.Run(config, Active, [.. Given.Catalog.Select(change)], Given.Now);

        if (warning is null) Assert.Empty(warnings);
        else Assert.Contains(warning, warnings);
    }

    [Fact]
    public void Without_a_catalog_one_warning_is_enough() =>
        Assert.Equal(["The catalog of models is empty: nothing could be compared with it."], WarnOfPolicy.Run(Given.Config(Given.Mini, Given.Sonnet), Active, [], Given.Now));

    [Fact]
    public void That_nothing_or_only_one_is_left_is_told()
    {
        Assert.Contains("None of its models can be used at present.", WarnOfPolicy.Run(Given.Config("a/b", "a/c"), Active, Given.Catalog, Given.Now));
        Assert.Contains("Only one of its models can be used at present: nothing can take its place.", WarnOfPolicy.Run(Given.Config(Given.Mini, "a/c"), Active, Given.Catalog, Given.Now));
    }
}
