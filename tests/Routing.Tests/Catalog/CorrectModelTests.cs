using Routing.Catalog;
using Routing.Providers;
using Support;
using static Support.ProviderServer;

namespace Routing.Tests.Catalog;

public sealed class CorrectModelTests(TestDatabase db, ProviderServer server) : IClassFixture<TestDatabase>, IClassFixture<ProviderServer>, IAsyncLifetime
{
    readonly RoutingRig rig = new(db, new ManualTime());

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        server.Models = List(Model("a/one"), Model("a/unknown", prompt: "-1"));
        await rig.PutAsync("p", server.BaseUrl, isZeroRetention: true, regions: ["us"]);
        await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI);
        await rig.SyncAsync();
        await rig.SyncAsync("local");
    }

    public Task DisposeAsync()
    {
        rig.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_correction_wins_over_the_provider_and_outlives_a_sync()
    {
        var correction = new ModelCorrection(ContextTokens: 8000, MaxOutputTokens: 1000, Price: new ModelPrice(0.1m, 0.2m), ZeroRetention: false, Regions: ["eu"],
            InputModalities: ["text"], Parameters: ["tools"], Quality: 0.8, Note: "as the contract says");
        Assert.IsType<ModelCorrected.Done>(await rig.CorrectAsync("p", "a/one", correction));
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one", prompt: "0.5", context: 99), Model("a/unknown", prompt: "-1"));
        var report = await rig.SyncAsync();

        var model = await ModelAsync("p", "a/one");

        Assert.Equal((1, 1), (report.PriceUp, report.Changed)); // what the provider does is told all the same
        Assert.Equal((8000L, 1000L, 0.8, false), (model.ContextTokens, model.MaxOutputTokens, model.PriorQuality, model.IsZeroRetention));
        Assert.Equal(["eu"], model.Regions);
        Assert.Equal(["tools"], model.Parameters);
        Assert.Equal((0.1m, 0.2m, false), (model.Price!.PromptUsd, model.Price.CompletionUsd, model.IsCeiling));
        Assert.Equal(("token:test", "as the contract says"), await rig.ValueAsync<(string, string)>("select corrected_by, note from v_models where slug = 'a/one' and provider = 'p'"));

        await rig.CorrectAsync("p", "a/one", new ModelCorrection(), version: 2);

        var plain = await ModelAsync("p", "a/one");
        Assert.Equal((99L, 0.5m, true), (plain.ContextTokens, plain.Price!.PromptUsd, plain.IsZeroRetention));
        Assert.Equal(["us"], plain.Regions);
        Assert.Null(await rig.ValueAsync<string?>("select corrected_by from v_models where slug = 'a/one' and provider = 'p'"));
    }

    [Fact]
    public async Task A_disabled_model_is_taken_out_and_let_in_again()
    {
        await rig.CorrectAsync("p", "a/one", new ModelCorrection(Enabled: false));
        Assert.DoesNotContain(await new ReadCatalog(db.Source).RunAsync(CancellationToken.None), m => m is { Provider: "p", Slug: "a/one" });

        await rig.CorrectAsync("p", "a/one", new ModelCorrection(), version: 2);
        Assert.NotNull((await ModelAsync("p", "a/one")).Price);
    }

    [Fact]
    public async Task A_ceiling_stands_in_for_a_price_that_nobody_knows_until_somebody_does()
    {
        Assert.Null((await ModelAsync("p", "a/unknown")).Price);

        await rig.CorrectAsync("p", "a/unknown", new ModelCorrection(Ceiling: new ModelPrice(0.1m, 0.3m)));
        var capped = await ModelAsync("p", "a/unknown");
        Assert.Equal((true, 0.1m, 0.3m), (capped.IsCeiling, capped.Price!.PromptUsd, capped.Price.CompletionUsd));

        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one"), Model("a/unknown", prompt: "0.01"));
        await rig.SyncAsync();
        var known = await ModelAsync("p", "a/unknown");
        Assert.Equal((false, 0.01m), (known.IsCeiling, known.Price!.PromptUsd));
    }

    [Fact]
    public async Task Only_a_model_of_ones_own_server_may_be_free_and_only_when_somebody_says_so()
    {
        var free = new ModelCorrection(Price: new ModelPrice(0, 0));

        Assert.Contains("above zero", Assert.IsType<ModelCorrected.Refused>(await rig.CorrectAsync("p", "a/one", free)).Problem, StringComparison.Ordinal);
        Assert.IsType<ModelCorrected.Done>(await rig.CorrectAsync("local", "a/unknown", free));
        Assert.Equal(0, (await ModelAsync("local", "a/unknown")).Price!.PromptUsd);
    }

    public static TheoryData<ModelCorrection, string> Wrong => new()
    {
        { new(ContextTokens: 0), "context_tokens" },
        { new(MaxOutputTokens: -1), "max_output_tokens" },
        { new(Quality: 1.1), "quality" },
        { new(Quality: double.NaN), "quality" },
        { new(Note: ""), "note" },
        { new(Note: "two\nlines"), "note" },
        { new(Regions: ["EU!"]), "regions" },
        { new(Parameters: ["a b"]), "parameters" },
        { new(InputModalities: [""]), "input_modalities" },
        { new(InputModalities: [null!]), "input_modalities" },
        { new(Regions: [null!]), "regions" },
        { new(Price: new(-1, 1)), "price" },
        { new(Price: new(1, 10_001)), "price" },
        { new(Price: new(0.0000000000001m, 1)), "twelve decimals" },
        { new(Price: new(1, 1, Discount: 0.5m)), "discount" },
        { new(Ceiling: new(0, 0)), "ceiling" },
        { new(Ceiling: new(1, 1, RequestUsd: -1)), "ceiling" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_correction_that_cannot_be_is_refused(ModelCorrection correction, string mentions)
    {
        Assert.Contains(mentions, Assert.IsType<ModelCorrected.Refused>(await rig.CorrectAsync("p", "a/one", correction)).Problem, StringComparison.Ordinal);
        Assert.Equal(1, await rig.ValueAsync<long>("select version from routing_models where provider = 'p' and slug = 'a/one'"));
    }

    [Fact]
    public async Task A_correction_needs_the_version_it_was_decided_on()
    {
        await rig.CorrectAsync("p", "a/one", new ModelCorrection(Quality: 0.1));

        Assert.Equal(new ModelCorrected.Stale(2), await rig.CorrectAsync("p", "a/one", new ModelCorrection(Quality: 0.2)));
        Assert.IsType<ModelCorrected.NoSuchModel>(await rig.CorrectAsync("p", "a/other", new ModelCorrection()));
    }

    [Fact]
    public async Task A_price_that_stays_as_it_was_is_not_written_again()
    {
        await rig.CorrectAsync("p", "a/one", new ModelCorrection(Price: new ModelPrice(0.1m, 0.2m)));
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.CorrectAsync("p", "a/one", new ModelCorrection(Price: new ModelPrice(0.10m, 0.2m), Quality: 0.5), version: 2);

        Assert.Equal(1, await rig.ValueAsync<long>("select count(*) from v_model_prices where origin = 'manual'"));
        Assert.Equal(2, await rig.ValueAsync<long>("select count(*) from v_model_changes where kind = 'corrected'"));
    }

    async Task<CatalogModel> ModelAsync(string provider, string slug) =>
        (await new ReadCatalog(db.Source).RunAsync(CancellationToken.None)).Single(m => m.Provider == provider && m.Slug == slug);
}
