using System.Diagnostics;
using Routing.Catalog;
using Routing.Providers;
using Support;
using static Support.ProviderServer;

namespace Routing.Tests.Catalog;

public sealed class CurrentCatalogTests(TestDatabase db, ProviderServer server) : IClassFixture<TestDatabase>, IClassFixture<ProviderServer>, IAsyncLifetime
{
    readonly RoutingRig rig = new(db, new ManualTime());

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        server.Models = List(Model("a/one"), Model("a/two"));
        await rig.PutAsync("p", server.BaseUrl);
        await rig.SyncAsync();
    }

    public Task DisposeAsync()
    {
        rig.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_catalog_is_read_again_when_it_has_changed_and_only_then()
    {
        var changes = 0;
        rig.Catalog.Changed += () => changes++;

        Assert.Equal(2, await rig.Follow.RunOnceAsync(CancellationToken.None));
        Assert.Equal(["a/one", "a/two"], rig.Catalog.Models.Select(m => m.Slug));
        Assert.Equal(0, await rig.Follow.RunOnceAsync(CancellationToken.None));

        await rig.CorrectAsync("p", "a/two", new ModelCorrection(Enabled: false)); // as another process would
        Assert.Equal(1, await rig.Follow.RunOnceAsync(CancellationToken.None));
        Assert.Equal(["a/one"], rig.Catalog.Models.Select(m => m.Slug));
        Assert.Equal(2, changes);
    }

    [Fact]
    public async Task A_change_that_is_not_committed_yet_is_not_missed()
    {
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        await rig.InTransactionAsync(async (connection, transaction) =>
        {
            await new CorrectModel(rig.Time).RunAsync(connection, transaction, "p", "a/two", new ModelCorrection(Enabled: false), 1, "token:test", CancellationToken.None);
            Assert.Equal(0, await rig.Follow.RunOnceAsync(CancellationToken.None));
            return 0;
        });

        Assert.Equal(1, await rig.Follow.RunOnceAsync(CancellationToken.None));
        Assert.Single(rig.Catalog.Models);
    }

    [Fact]
    public async Task Models_of_a_provider_that_is_off_or_lacks_its_key_are_not_there()
    {
        await rig.PutAsync("openrouter", server.BaseUrl, ProviderKinds.OpenRouter);
        await rig.SyncAsync("openrouter");
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.All(rig.Catalog.Models, m => Assert.Equal("p", m.Provider));

        await rig.RotateAsync("openrouter", "sk-or-0123456789abcdef");
        await rig.PutAsync("p", server.BaseUrl, version: 1, isEnabled: false);
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(2, rig.Catalog.Models.Count);
        Assert.All(rig.Catalog.Models, m => Assert.Equal("openrouter", m.Provider));
    }

    [Fact]
    public async Task What_was_read_stays_when_the_database_is_away_and_is_followed_again_afterwards()
    {
        await rig.Follow.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => rig.Catalog.Models.Count == 2, TimeSpan.FromSeconds(10), "the catalog is read");
        await db.InterruptAsync(TimeSpan.FromSeconds(0.5));
        foreach (var source in new[] { db.Source, db.Owner, db.Reader }) source.Clear();

        await rig.CorrectAsync("p", "a/two", new ModelCorrection(Enabled: false));

        await Eventually.TrueAsync(() =>
        {
            Assert.NotEmpty(rig.Catalog.Models);
            rig.Time.Advance(TimeSpan.FromSeconds(0.5));
            return rig.Catalog.Models.Count == 1;
        }, TimeSpan.FromSeconds(10), "the change is followed");
        await rig.Follow.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Four_hundred_models_are_read_in_a_moment()
    {
        server.Models = List([.. Enumerable.Range(0, 400).Select(i => Model($"author{i % 40}/model-{i}")), Model("a/one"), Model("a/two")]);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.SyncAsync();
        var read = new ReadCatalog(db.Source);
        await read.RunAsync(CancellationToken.None);
        var clock = Stopwatch.StartNew();

        Assert.Equal(402, (await read.RunAsync(CancellationToken.None)).Count);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"took {clock.Elapsed}");
        Console.WriteLine($"402 models read in {clock.Elapsed.TotalMilliseconds:0.0} ms");
    }

    [Fact]
    public async Task The_reader_sees_the_catalog_and_no_secret()
    {
        await rig.PutAsync("keyed", server.BaseUrl, headers: new() { ["X-Title"] = "hidden in the view" });
        await rig.RotateAsync("keyed", "sk-or-0123456789abcdef");
        await using var connection = await db.Reader.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "select json_agg(p)::text || (select json_agg(m)::text from v_models m) || (select json_agg(c)::text from v_model_changes c) from v_providers p";

        var shown = (string)(await command.ExecuteScalarAsync())!;

        Assert.Contains("…cdef sha256:", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_changes_are_forgotten_and_prices_are_not()
    {
        rig.Time.Advance(ForgetModelChanges.Keep + TimeSpan.FromDays(1));

        Assert.Equal(2, await new ForgetModelChanges(db.Source, rig.Time).RunAsync(CancellationToken.None));
        Assert.Equal(2, await rig.ValueAsync<long>("select count(*) from v_model_prices"));
    }
}
