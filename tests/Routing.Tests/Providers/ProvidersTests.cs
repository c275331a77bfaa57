using System.IO.Compression;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Catalog;
using Routing.Providers;
using Support;

namespace Routing.Tests.Providers;

public sealed class ProvidersTests(TestDatabase db, ProviderServer server) : IClassFixture<TestDatabase>, IClassFixture<ProviderServer>, IAsyncLifetime
{
    const string Key = "sk-or-v1-0123456789";
    static readonly Uri OpenRouterUrl = new("https://openrouter.ai/api/v1"), EmulatorUrl = new("http://127.0.0.1:9001/api/v1");

    readonly RoutingRig rig = new(db, new ManualTime());

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        (server.Fault, server.Keys, server.Models) = (null, null, ProviderServer.List(ProviderServer.Model("a/one")));
    }

    public Task DisposeAsync()
    {
        rig.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_provider_is_made_and_changed_by_who_has_seen_it()
    {
        var made = Assert.IsType<ProviderPut.Done>(await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI, regions: ["eu"], headers: new() { ["X-Title"] = "engine" }));
        var changed = Assert.IsType<ProviderPut.Done>(await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI, version: 1, isEnabled: false));

        Assert.Equal(("local", 1L, true, "engine"), (made.Provider.Name, made.Provider.Version, made.Provider.IsEnabled, made.Provider.Headers["X-Title"]));
        Assert.Equal((2L, false, 1L), (changed.Provider.Version, changed.Provider.IsEnabled, changed.Before!.Version));
        Assert.Equal(new ProviderPut.Stale(2), await rig.PutAsync("local", server.BaseUrl, version: 1));
        Assert.Equal(new ProviderPut.Stale(2), await rig.PutAsync("local", server.BaseUrl)); // it is there already
        Assert.IsType<ProviderPut.NoSuchProvider>(await rig.PutAsync("absent", server.BaseUrl, version: 1));
        Assert.Equal([("local", 0L, null)], (await new ListProviders(db.Source).RunAsync(null, 10, CancellationToken.None)).Select(l => (l.Provider.Name, l.Models, l.SyncProblem)));
    }

    [Fact]
    public async Task Of_many_who_make_a_provider_at_once_one_does()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => rig.PutAsync("p", server.BaseUrl)));

        Assert.Single(outcomes.OfType<ProviderPut.Done>());
        Assert.Equal(7, outcomes.OfType<ProviderPut.Stale>().Count());
    }

    [Theory]
    [InlineData("https://elsewhere.example/v1", ProviderKinds.Emulator, 2)]
    [InlineData(null, ProviderKinds.OpenAI, 2)]
    [InlineData("same host, other path", ProviderKinds.Emulator, 0)]
    public async Task Keys_do_not_follow_a_provider_to_another_host(string? url, string kind, int wiped)
    {
        await rig.PutAsync("p", server.BaseUrl);
        await rig.RotateAsync("p", Key);
        await rig.StageAsync("p", Key + "b");
        var target = url switch { null => server.BaseUrl, "same host, other path" => new Uri(server.BaseUrl, "/v2"), _ => new Uri(url) };

        var moved = Assert.IsType<ProviderPut.Done>(await rig.PutAsync("p", target, kind, version: 1));

        Assert.Equal(wiped, moved.WipedKeys);
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(wiped == 0, rig.Keys.Find("p")!.Key is not null);
    }

    [Fact]
    public async Task Models_do_not_follow_a_provider_to_another_host_and_what_is_there_takes_their_place()
    {
        var other = new ProviderServer();
        await other.InitializeAsync();
        other.Models = ProviderServer.List(ProviderServer.Model("z/nine"));
        server.Models = ProviderServer.List(ProviderServer.Model("a/one"), ProviderServer.Model("a/two"), ProviderServer.Model("a/three"));
        await rig.PutAsync("p", server.BaseUrl);
        await rig.SyncAsync();

        await rig.PutAsync("p", other.BaseUrl, version: 1);
        Assert.Equal(["gone"], await rig.QueryAsync<string>("select distinct state from v_models"));
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.SyncAsync();

        Assert.Equal(["z/nine"], await rig.QueryAsync<string>("select slug from v_models where state = 'selectable'"));
        await other.DisposeAsync();
    }

    public static TheoryData<string, ProviderInput, string> Wrong
    {
        get
        {
            var good = new ProviderInput(ProviderKinds.OpenAI, "https://example.com/v1", true, false, [], new Dictionary<string, string>());
            ProviderInput With(string name, string value) => good with { Headers = new Dictionary<string, string> { [name] = value } };
            return new()
            {
                { "Upper", good, "name" }, { "", good, "name" }, { "a\n", good, "name" }, { new string('a', 64), good, "name" }, { "1st", good, "name" },
                { "p", good with { Kind = "other" }, "kind" }, { "p", good with { BaseUrl = "http://example.com" }, "https" },
                { "p", good with { Regions = ["EU"] }, "regions" }, { "p", good with { Regions = [.. Enumerable.Repeat("eu", 21)] }, "regions" },
                { "p", With("Authorization", "Bearer x"), "Authorization" }, { "p", With("x-api-key", "x"), "x-api-key" }, { "p", With("Cookie", "x"), "Cookie" },
                { "p", With("Host", "x"), "Host" }, { "p", With("bad name", "x"), "no name" }, { "p", With("X-Title", "a\r\nEvil: b"), "X-Title" },
                { "p", With("X-Title", new string('x', 301)), "X-Title" }, { "p", With("X-Title", null!), "X-Title" },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_provider_that_cannot_be_is_refused(string name, ProviderInput input, string mentions) =>
        Assert.Contains(mentions, input.Problem(name), StringComparison.Ordinal);

    [Fact]
    public async Task A_test_asks_OpenRouter_for_the_key_and_others_for_their_models()
    {
        server.Keys = [Key];
        await rig.PutAsync("openrouter", server.BaseUrl, ProviderKinds.OpenRouter);
        await rig.RotateAsync("openrouter", Key);
        await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI);
        server.Asked.Clear();

        var good = (await rig.Test.RunAsync("openrouter", CredentialStates.Active, CancellationToken.None))!;
        var refused = (await rig.Test.RunAsync("local", CredentialStates.Active, CancellationToken.None))!;

        Assert.Equal([("/v1/key", $"Bearer {Key}"), ("/v1/models", "")], server.Asked.Select(a => (a.Path, a.Authorization)));
        Assert.Equal((true, "The key is good; 12.5 of its limit of 20 USD are left."), (good.IsWorking, good.Detail));
        Assert.Equal((false, true, 401), (refused.IsWorking, refused.IsRefused, refused.HttpStatus));
        Assert.Null(await rig.Test.RunAsync("absent", CredentialStates.Active, CancellationToken.None));
    }

    [Theory]
    [InlineData("<html>", false)]
    [InlineData("{}", false)]
    [InlineData("""{"data":[]}""", true)]
    public async Task A_test_is_not_fooled_by_a_server_that_answers_everything(string body, bool isWorking)
    {
        await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI);
        server.Fault = http => ProviderServer.WriteAsync(http, body);

        var test = (await rig.Test.RunAsync("local", CredentialStates.Active, CancellationToken.None))!;

        Assert.Equal((isWorking, false), (test.IsWorking, test.IsRefused));
    }

    [Fact]
    public async Task A_packed_answer_is_bounded_by_what_it_unpacks_to()
    {
        var provider = new Provider("p", ProviderKinds.OpenAI, server.BaseUrl, true, false, [], new Dictionary<string, string>(), 1);
        server.Fault = async http =>
        {
            http.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest);
            for (var i = 0; i < 64; i++) await gzip.WriteAsync(new byte[1 << 16], http.RequestAborted);
        };

        var reply = await rig.Ask.RunAsync(provider, null, "models", mostBytes: 1 << 20, TimeSpan.FromSeconds(10), CancellationToken.None);

        Assert.Contains("more than 1048576 bytes", Assert.IsType<ProviderReply.Unreachable>(reply).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_reached_where_nobody_listens_and_the_caller_can_leave()
    {
        var nobody = new Provider("p", ProviderKinds.OpenAI, new Uri("http://127.0.0.1:1/v1"), true, false, [], new Dictionary<string, string>(), 1);
        var reply = await rig.Ask.RunAsync(nobody, null, "models", 1000, TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.Contains("refused", Assert.IsType<ProviderReply.Unreachable>(reply).Reason, StringComparison.OrdinalIgnoreCase);

        using var leave = new CancellationTokenSource();
        server.Fault = async http =>
        {
            await leave.CancelAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Ask.RunAsync(nobody with { BaseUrl = server.BaseUrl }, null, "models", 1000, TimeSpan.FromSeconds(10), leave.Token));
    }

    [Fact]
    public async Task The_provider_that_an_engine_begins_with_is_made_once()
    {
        var ensure = Ensure();

        var used = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => ensure.RunAsync(Key, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None)));

        Assert.All(used, u => Assert.Equal("openrouter", u!.Name));
        Assert.Single(used, u => u!.IsNew);
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(ProviderKey.FingerprintOf(Key), rig.Keys.Find("openrouter")!.Key!.Fingerprint);
        Assert.False((await ensure.RunAsync("sk-or-v1-another-0123456789", OpenRouterUrl, null, CancellationToken.None))!.IsNew); // told, and left alone
        Assert.Equal(1, await rig.ValueAsync<long>("select count(*) from routing_credentials"));
        Assert.Null(await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None));
        Assert.Equal([("openrouter", "engine")], await rig.QueryAsync<(string, string)>("select name, origin from v_providers"));
    }

    [Fact]
    public async Task Without_a_key_the_emulator_serves_until_there_is_one()
    {
        var ensure = Ensure();

        Assert.Equal(new DefaultProvider("emulator", true), await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None));
        Assert.Equal(new DefaultProvider("emulator", false), await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(new Uri("http://127.0.0.1:9002/api/v1")), CancellationToken.None));
        Assert.Equal("http://127.0.0.1:9002/api/v1", await rig.ValueAsync<string>("select base_url from v_providers"));
        Assert.Equal(new DefaultProvider("openrouter", true), await ensure.RunAsync(Key, OpenRouterUrl, _ => throw new InvalidOperationException("started"), CancellationToken.None));

        Assert.Equal([("emulator", false), ("openrouter", true)], await rig.QueryAsync<(string, bool)>("select name, enabled from v_providers order by name"));
        Assert.Null(await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None));
    }

    [Fact]
    public async Task The_emulator_leaves_when_somebody_sets_up_a_provider_or_wants_none()
    {
        var ensure = Ensure();
        await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None);

        Assert.Null(await ensure.RunAsync(null, OpenRouterUrl, null, CancellationToken.None));
        Assert.False(await rig.ValueAsync<bool>("select enabled from v_providers"));
        await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None);
        await rig.PutAsync("later", server.BaseUrl, ProviderKinds.OpenAI, isEnabled: false);
        Assert.True(await rig.ValueAsync<bool>("select enabled from v_providers where name = 'emulator'"));
        await rig.PutAsync("mine", server.BaseUrl, ProviderKinds.OpenAI);

        Assert.Equal([("emulator", false), ("later", false), ("mine", true)], await rig.QueryAsync<(string, bool)>("select name, enabled from v_providers order by name"));
    }

    [Fact]
    public async Task Each_process_asks_its_own_emulator_and_one_without_asks_none()
    {
        await Ensure().RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None);

        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.False(rig.Keys.Find("emulator")!.Provider.IsEnabled);
        rig.Emulator.BaseUrl = new Uri("http://127.0.0.1:9003/api/v1");
        await Ensure().RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None);
        await rig.Follow.RunOnceAsync(CancellationToken.None);

        var access = rig.Keys.Find("emulator")!;
        Assert.Equal((true, rig.Emulator.BaseUrl), (access.Provider.IsEnabled, access.Provider.BaseUrl));
        Assert.True(access.CanBeCalled);
        Assert.NotNull(access.Endpoint().Authorize); // it wants a key
        await rig.PutAsync("emulator", server.BaseUrl, version: access.Provider.Version); // somebody's own from now on
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(server.BaseUrl, rig.Keys.Find("emulator")!.Provider.BaseUrl);
    }

    [Fact]
    public async Task What_somebody_set_up_is_left_alone()
    {
        var ensure = Ensure();
        await rig.PutAsync("openrouter", server.BaseUrl, ProviderKinds.OpenAI); // somebody's own, of that name

        Assert.Null(await ensure.RunAsync(null, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None));
        Assert.Null(await ensure.RunAsync(Key, OpenRouterUrl, EmulatedAt(EmulatorUrl), CancellationToken.None));

        Assert.Equal([("openrouter", (string?)null)], await rig.QueryAsync<(string, string?)>("select name, active_key from v_providers"));
        Assert.DoesNotContain("0123456789", (await Assert.ThrowsAsync<FormatException>(() => ensure.RunAsync("two words 0123456789", OpenRouterUrl, null, CancellationToken.None))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_models_of_a_provider_that_was_never_synced_are_read_by_one_process_and_by_the_next_when_it_fails()
    {
        await rig.PutAsync("p", server.BaseUrl);
        server.Asked.Clear();
        server.Fault = http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var first = new SyncFirst(db.Source, rig.Sync, rig.Time);

        Assert.False(await first.RunAsync("p", CancellationToken.None));
        server.Fault = null;
        Assert.False(await first.RunAsync("p", CancellationToken.None)); // another's turn just now
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => first.RunAsync("p", CancellationToken.None)));

        Assert.True(await first.RunAsync("p", CancellationToken.None));
        Assert.Equal(2, server.Asked.Count(a => a.Path.EndsWith("/models", StringComparison.Ordinal)));
        Assert.Equal(1, await rig.ValueAsync<long>("select models from v_providers"));
    }

    static Func<CancellationToken, Task<Uri>> EmulatedAt(Uri url) => _ => Task.FromResult(url);

    EnsureDefaultProvider Ensure() => new(db.Source, rig.Ring, rig.Time, NullLogger<EnsureDefaultProvider>.Instance);
}
