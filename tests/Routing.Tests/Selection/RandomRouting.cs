using Routing.Budgets;
using Routing.Catalog;
using Routing.Policies;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>Snapshots and requests of all kinds, sensible and not; the same for the same seed.</summary>
sealed class RandomRouting(int seed)
{
    static readonly string[] Needs = ["tools", "json_schema", "image", "reasoning"], Providers = ["openrouter", "local", "second"], Names = ["normal", "code", "deep", "ops"],
        Types = ["fix_bug", "plan", "generic", "unheard_of"], Scopes = ["total", "tenant", "policy", "task_kind", "model", "provider", "worker"];

    readonly Random random = new(seed);

    public RoutingSnapshot Snapshot(bool withRecords = true)
    {
        var models = Enumerable.Range(0, random.Next(1, 60)).Select(_ => Model()).DistinctBy(m => (m.Provider, m.Slug)).ToArray();
        var policies = Names.Take(random.Next(2, 5)).Select(n => new Policy(n, random.Next(1, 9), Config())).ToArray();
        return new RoutingSnapshot(Given.Now, PolicySet.Of(policies, Types[..3].Select(t => new TaskType(t, Pick(Names), Chance(0.3) ? Pick([.. Preferences.All]) : null))), models)
        {
            Standing = models.Where(_ => Chance(0.1)).Select(m => (m.Provider, Chance(0.2) ? "" : m.Slug)).Distinct().ToDictionary(k => k, _ => "it failed."),
            Records = withRecords ? models.SelectMany(m => Names.Select(n => (m.Provider, m.Slug, n))).Where(_ => Chance(0.5)).ToDictionary(k => k, _ => Record()) : new Dictionary<(string, string, string), ModelRecord>(),
            Budgets = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Budget(models))],
        };
    }

    public RoutingRequest Request() => new(Chance(0.2) ? null : Pick(Types), Chance(0.5) ? Pick([.. Names, "normal", "code", "alias", "absent"]) : null, Chance(0.3) ? Pick(["fast", "quality", "nonsense"]) : null,
        Size(300_000), Size(75_000), random.NextDouble(), Chance(0.5) ? random.Next(1, 10_000) : null)
    {
        TaskKind = Chance(0.5) ? Pick(Types) : null, Tenant = Chance(0.5) ? Pick(["a", "b"]) : null, Worker = Chance(0.5) ? Pick(["a", "b"]) : null,
        Needs = Needs.Where(_ => Chance(0.05)).ToHashSet(), Images = Chance(0.1) ? random.Next(5) : 0, Searches = Chance(0.1) ? 3 : 0,
        Labels = Chance(0.3) ? new Dictionary<string, string> { ["team"] = Pick(["ops", "dev"]) } : new Dictionary<string, string>(),
        Tried = Enumerable.Range(0, random.Next(3)).Select(_ => (Pick(Providers), Slug())).ToHashSet(), SpentByTask = Usd(0.02),
    };

    CatalogModel Model() => new(Pick(Providers), Slug(), "A model", Chance(0.2) ? null : random.Next(1000, 200_000), Chance(0.3) ? null : random.Next(50, 20_000), Chance(0.1) ? null : Price(), Chance(0.1),
        Chance(0.2) ? Given.Now.AddDays(random.Next(-5, 5)) : null)
    {
        InputModalities = Chance(0.5) ? new HashSet<string> { "text", "image" } : new HashSet<string> { "text" },
        OutputModalities = Chance(0.95) ? new HashSet<string> { "text" } : new HashSet<string> { "embeddings" },
        Parameters = new[] { "tools", "structured_outputs", "reasoning" }.Where(_ => Chance(0.8)).ToHashSet(),
        IsZeroRetention = Chance(0.7), Regions = Chance(0.5) ? new HashSet<string> { Pick(["eu", "us"]) } : new HashSet<string>(), PriorQuality = Chance(0.5) ? random.NextDouble() : null,
    };

    ModelPrice Price() => new(Chance(0.1) ? 0 : 0.000004m * (decimal)random.NextDouble(), Chance(0.1) ? 0 : 0.00002m * (decimal)random.NextDouble(), Chance(0.1) ? 0.005m : 0)
    {
        Overrides = Chance(0.2) ? [new PriceOverride(random.Next(100_000), null, null, 0.000008m, 0.00004m)] : [],
    };

    PolicyConfig Config()
    {
        var config = new PolicyConfig
        {
            Models = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new PolicyModel(Slug(), random.Next(1, 4)) { Aliases = Chance(0.3) ? [Slug(), Slug()] : [], When = Chance(0.2) ? When() : null }).DistinctBy(m => m.Model)],
            MaxCostPerTaskUsd = Usd(2).Usd, MaxTokens = random.Next(1, 10_000), Temperature = Chance(0.5) ? random.NextDouble() : null,
            When = Chance(0.1) ? When() : null, Requires = [.. Needs.Where(_ => Chance(0.05))], Aliases = Chance(0.2) ? ["alias"] : [],
            Data = new DataRules { ZeroRetention = Chance(0.1), EuOnly = Chance(0.05), DenyProviders = Chance(0.1) ? [Pick(Providers)] : [] },
            DowngradeTo = [.. Names.Where(_ => Chance(0.3))], UpgradeOnContext = [.. Names.Where(_ => Chance(0.3))], // circles too: a table may hold what no check has seen
        };
        return config with { MinTokens = random.Next(1, config.MaxTokens + 1) };
    }

    PolicyConditions When() => new()
    {
        Complexity = Chance(0.4) ? Pick([">0.5", "<0.8", ">=0.2, <0.9"]) : null, InputTokens = Chance(0.2) ? "<50000" : null, Latency = Chance(0.3) ? "<2s" : null,
        TaskTypes = Chance(0.2) ? ["fix_bug", "plan"] : [], Labels = Chance(0.1) ? new Dictionary<string, string> { ["team"] = "ops" } : new Dictionary<string, string>(),
    };

    ModelRecord Record() => new(random.Next(100), random.NextDouble(), Chance(0.5) ? random.NextDouble() : null, Chance(0.9) ? TimeSpan.FromSeconds(random.NextDouble() * 5) : null,
        Chance(0.9) ? TimeSpan.FromSeconds(random.NextDouble() * 9) : null, 0.01m);

    BudgetLeft Budget(CatalogModel[] models)
    {
        var scope = Pick(Scopes);
        var key = scope switch { "total" => "", "policy" => Pick(Names), "task_kind" => Pick(Types), "model" => Pick(models).Slug, "provider" => Pick(Providers), _ => Pick(["a", "b"]) };
        return new BudgetLeft(new Guid(random.Next(), 0, 0, new byte[8]), scope, key, Pick(["task", "day", "month"]), Chance(0.8), Usd(3), Usd(0.1), Usd(0.05), Given.Now.AddHours(1));
    }

    NanoUsd Usd(double most) => new((long)(random.NextDouble() * random.NextDouble() * most * 1e9));

    long Size(int most) => (long)Math.Pow(most, random.NextDouble());

    string Slug() => $"maker/model-{random.Next(12)}";

    bool Chance(double share) => random.NextDouble() < share;

    T Pick<T>(T[] of) => of[random.Next(of.Length)];
}
