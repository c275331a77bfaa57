using Routing.Budgets;
using Routing.Catalog;
using Routing.Policies;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>What tests of decisions are made of: a small catalog, policies, requests.</summary>
static class Given
{
    public const string Mini = "openai/gpt-4o-mini", Sonnet = "anthropic/claude-sonnet-4.5", Opus = "anthropic/claude-opus-4.5", Turbo = "openai/gpt-3.5-turbo";

    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <param name="usdPerMillion">Of input; output costs four times that.</param>
    public static CatalogModel Model(string slug, decimal usdPerMillion = 1, string provider = "openrouter") =>
        new(provider, slug, slug, 128_000, 16_000, new ModelPrice(usdPerMillion / 1_000_000, usdPerMillion * 4 / 1_000_000))
        {
            Parameters = new HashSet<string> { "tools", "structured_outputs", "temperature" },
        };

    public static IReadOnlyList<CatalogModel> Catalog => [Model(Mini, 0.15m), Model(Sonnet, 3), Model(Opus, 5), Model(Turbo, 0.5m)];

    public static PolicyConfig Config(params string[] models) => new()
    {
        Models = [.. models.Select((m, i) => new PolicyModel(m, i + 1))], MaxCostPerTaskUsd = 0.10m, MaxTokens = 4000, MinTokens = 256, Temperature = 0.7,
    };

    public static PolicySet Policies(params (string Name, PolicyConfig Config)[] policies) =>
        PolicySet.Of(policies.Select(p => new Policy(p.Name, 1, p.Config)), [new("fix_bug", policies[0].Name, null), new(TaskType.Generic, policies[0].Name, null)]);

    public static RoutingSnapshot Snapshot(PolicyConfig normal, params (string Name, PolicyConfig Config)[] others) => new(Now, Policies([("normal", normal), .. others]), Catalog);

    /// <summary>About a page of text.</summary>
    public static RoutingRequest Request => new(null, "normal", null, InputBytes: 4000, InputTokens: 1000, Complexity: 0.3);

    public static BudgetLeft Budget(string scope, string key, decimal amountUsd, decimal settledUsd = 0, bool isHard = true, string period = "day") =>
        new(new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]), scope, key, period, isHard, NanoUsd.Floor(amountUsd), NanoUsd.Floor(settledUsd), NanoUsd.Zero, period == "task" ? null : Now.AddHours(12));

    /// <summary>Wilson's lower end at 95 % for so many successes of so many calls.</summary>
    public static ModelRecord Record(double requests, double successes, double latencySeconds = 1, double? quality = null)
    {
        const double Z = 1.959964;
        var share = successes / requests;
        var low = (share + Z * Z / (2 * requests) - Z * Math.Sqrt(share * (1 - share) / requests + Z * Z / (4 * requests * requests))) / (1 + Z * Z / requests);
        return new ModelRecord(requests, low, quality, TimeSpan.FromSeconds(latencySeconds), TimeSpan.FromSeconds(latencySeconds * 3), 0.01m);
    }

    public static RoutingDecision.Chosen Chosen(this RoutingSnapshot snapshot, RoutingRequest request) => Assert.IsType<RoutingDecision.Chosen>(SelectModel.Decide(snapshot, request));

    public static RoutingDecision.Nobody Nobody(this RoutingSnapshot snapshot, RoutingRequest request) => Assert.IsType<RoutingDecision.Nobody>(SelectModel.Decide(snapshot, request));

    public static string[] Slugs(this RoutingDecision.Chosen chosen) => [.. chosen.Candidates.Select(c => c.Model.Slug)];
}
