using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Routing.Catalog;
using Routing.Providers;
using Support;
using static Support.ProviderServer;

namespace Routing.Tests.Catalog;

public sealed class SyncModelsTests(TestDatabase db, ProviderServer server) : IClassFixture<TestDatabase>, IClassFixture<ProviderServer>, IAsyncLifetime
{
    readonly RoutingRig rig = new(db, new ManualTime());

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        (server.Fault, server.Models, server.Keys) = (null, List(Model("a/one"), Model("a/two"), Model("b/three")), null);
        await rig.PutAsync("p", server.BaseUrl);
    }

    public Task DisposeAsync()
    {
        rig.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_first_sync_brings_every_model_with_its_price()
    {
        var report = await rig.SyncAsync();

        Assert.Equal((3, 3, 0), (report.Models, report.New, report.Gone));
        Assert.Equal([("a/one", 0.00000015m, 0.0000006m), ("a/two", 0.00000015m, 0.0000006m), ("b/three", 0.00000015m, 0.0000006m)],
            await rig.QueryAsync<(string, decimal, decimal)>("select slug, prompt_usd, completion_usd from v_models where state = 'selectable' order by slug"));
        var listed = await new ListProviders(db.Source).FindAsync("p", CancellationToken.None);
        Assert.Equal((3L, rig.Time.GetUtcNow(), rig.Time.GetUtcNow(), null), (listed!.Models, listed.SyncedAt!.Value, listed.TriedAt!.Value, listed.SyncProblem));
        Assert.Equal((3L, rig.Time.GetUtcNow()), await rig.ValueAsync<(long, DateTimeOffset)>("select models, synced_at from v_providers"));
    }

    [Fact]
    public async Task A_sync_that_brings_nothing_new_writes_nothing_and_wakes_nobody()
    {
        await rig.SyncAsync();
        var before = await rig.QueryAsync<(long, long, long)>("select (select version from routing_versions where part = 'catalog'), (select count(*) from routing_model_changes), (select count(*) from routing_model_prices)");

        rig.Time.Advance(TimeSpan.FromHours(1));
        var report = await rig.SyncAsync();

        Assert.Equal((3, 0, 0, 0, 0), (report.Models, report.New, report.Gone, report.Changed, report.PriceUp));
        Assert.Equal(before, await rig.QueryAsync<(long, long, long)>("select (select version from routing_versions where part = 'catalog'), (select count(*) from routing_model_changes), (select count(*) from routing_model_prices)"));
        Assert.Equal(rig.Time.GetUtcNow(), await rig.ValueAsync<DateTimeOffset>("select synced_at from v_providers"));
    }

    [Fact]
    public async Task What_changes_is_told_and_prices_keep_their_history()
    {
        await rig.SyncAsync();
        var first = rig.Time.GetUtcNow();
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one", prompt: "0.0000003"), Model("a/two", context: 64_000), Model("c/four"));

        var report = await rig.SyncAsync();

        Assert.Equal((3, 1, 1, 1, 0, 1), (report.Models, report.New, report.Gone, report.PriceUp, report.PriceDown, report.Changed));
        Assert.Equal([("a/one", "price_up"), ("a/two", "changed"), ("b/three", "gone"), ("c/four", "new")],
            await rig.QueryAsync<(string, string)>("select slug, kind from v_model_changes where changed_at > @first order by slug", new { first }));
        Assert.Equal([(first, rig.Time.GetUtcNow(), 0.00000015m), (rig.Time.GetUtcNow(), default, 0.0000003m)], (await rig.QueryAsync<(DateTimeOffset, DateTimeOffset?, decimal)>(
            "select valid_from, valid_to, prompt_usd from v_model_prices where slug = 'a/one' order by valid_from, valid_to")).Select(p => (p.Item1, p.Item2 ?? default, p.Item3)));
        Assert.Equal("gone", await rig.ValueAsync<string>("select state from v_models where slug = 'b/three'"));

        server.Models = List(Model("a/one"), Model("a/two", context: 64_000), Model("b/three"), Model("c/four"));
        Assert.Equal((1, 1), await Counted());
        Assert.Equal("selectable", await rig.ValueAsync<string>("select state from v_models where slug = 'b/three'"));

        async Task<(int Back, int Cheaper)> Counted()
        {
            rig.Time.Advance(TimeSpan.FromHours(1));
            var next = await rig.SyncAsync();
            return (next.Back, next.PriceDown);
        }
    }

    [Fact]
    public async Task A_price_that_is_not_known_any_more_makes_a_model_unselectable_and_not_free()
    {
        await rig.SyncAsync();
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one", prompt: "-1"), Model("a/two"), Model("b/three"));

        await rig.SyncAsync();

        Assert.Equal([("price_unknown", (decimal?)null)], await rig.QueryAsync<(string, decimal?)>("select state, prompt_usd from v_models where slug = 'a/one'"));
    }

    public static TheoryData<string, Func<HttpContext, Task>, string> Faults => new()
    {
        { "a web page", http => WriteAsync(http, "<html>maintenance</html>", "text/html"), "web page" },
        { "half a list", http => WriteAsync(http, List(Model("a/one"), Model("a/two"))[..^40]), "no JSON" },
        { "nothing", http => Task.CompletedTask, "no JSON" },
        { "an error", http => { http.Response.StatusCode = 503; return WriteAsync(http, List(Model("z/other"))); }, "503" },
        { "an error that says 200", http => WriteAsync(http, """{"error":{"code":500,"message":"oh"}}"""), "no list" },
        { "a redirect", http => { http.Response.Redirect("http://127.0.0.1:1/elsewhere"); return Task.CompletedTask; }, "302" },
        { "a list that breaks off", async http =>
            {
                http.Response.ContentLength = 5000;
                await http.Response.WriteAsync("""{"data":[""");
                await http.Response.Body.FlushAsync();
                http.Abort();
            }, "broke off" },
        { "too many bytes", http => { http.Response.ContentLength = 33L << 20; return http.Response.Body.WriteAsync(new byte[16]).AsTask(); }, "more than" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Whatever_is_wrong_with_a_list_leaves_the_old_catalog(string what, Func<HttpContext, Task> fault, string reason)
    {
        await rig.SyncAsync();
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Fault = fault;

        var outcome = await rig.Sync.RunAsync("p", force: true, CancellationToken.None);

        var told = Assert.IsType<SyncOutcome.Failed>(outcome).Reason;
        Assert.True(told.Contains(reason, StringComparison.Ordinal), $"{what}: {told}");
        Assert.Equal(3, await rig.ValueAsync<long>("select count(*) from v_models where state = 'selectable'"));
        Assert.Equal((told, rig.Time.GetUtcNow()), await rig.ValueAsync<(string, DateTimeOffset)>("select sync_problem, tried_at from v_providers"));
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_not_waited_for()
    {
        var asked = new TaskCompletionSource();
        server.Fault = async http =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        var sync = rig.Sync.RunAsync("p", false, CancellationToken.None);
        await asked.Task;

        rig.Time.Advance(TimeSpan.FromSeconds(26));

        Assert.Contains("did not answer within 25 s", Assert.IsType<SyncOutcome.Failed>(await sync).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_that_lost_more_than_half_is_refused_until_somebody_insists()
    {
        await rig.SyncAsync();
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one"));

        Assert.Equal(new SyncOutcome.Suspicious(3, 2), await rig.Sync.RunAsync("p", force: false, CancellationToken.None));
        Assert.Equal(3, await rig.ValueAsync<long>("select count(*) from v_models where state = 'selectable'"));
        Assert.Contains("2 of 3 models are missing", await rig.ValueAsync<string>("select sync_problem from v_providers"), StringComparison.Ordinal);

        Assert.Equal(2, (await rig.SyncAsync(force: true)).Gone);
        Assert.Null(await rig.ValueAsync<string?>("select sync_problem from v_providers"));
    }

    [Fact]
    public async Task An_item_that_cannot_be_read_does_not_take_its_model_away()
    {
        await rig.SyncAsync();
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = List(Model("a/one"), Model("a/two"), "7", Model("a/two", prompt: "9"), Model("b/three"));

        var report = await rig.SyncAsync();

        Assert.Equal((0, 0, 2), (report.Gone, report.PriceUp, report.LeftOut.Count));
    }

    [Fact]
    public async Task Processes_that_sync_at_once_find_each_model_once()
    {
        var rigs = Enumerable.Range(0, 8).Select(_ => new RoutingRig(db, rig.Time, rig.Ring)).ToArray();

        var outcomes = await Task.WhenAll(rigs.Select(r => r.Sync.RunAsync("p", false, CancellationToken.None)));

        Assert.All(outcomes, o => Assert.IsType<SyncOutcome.Done>(o));
        Assert.Equal(3, outcomes.Sum(o => ((SyncOutcome.Done)o).Report.New));
        Assert.Equal((3L, 3L), await rig.ValueAsync<(long, long)>("select (select count(*) from routing_model_changes), (select count(*) from routing_model_prices)"));
        foreach (var other in rigs) other.Dispose();
    }

    [Fact]
    public async Task A_list_that_was_asked_for_earlier_does_not_undo_a_later_one()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        server.Fault = async http =>
        {
            asked.SetResult();
            await answer.Task;
            await WriteAsync(http, List(Model("a/one", prompt: "0.5")));
        };
        var slow = rig.Sync.RunAsync("p", force: true, CancellationToken.None);
        await asked.Task;
        server.Fault = null;
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await rig.SyncAsync();

        answer.SetResult();
        await slow;

        Assert.Equal((3L, 0.00000015m), await rig.ValueAsync<(long, decimal)>("select count(*), max(prompt_usd) from v_models where state = 'selectable'"));
    }

    [Fact]
    public async Task A_provider_that_is_not_there_cannot_be_synced() =>
        Assert.IsType<SyncOutcome.NoSuchProvider>(await rig.Sync.RunAsync("q", false, CancellationToken.None));

    [Fact]
    public async Task The_key_and_the_headers_of_the_provider_are_sent()
    {
        await rig.PutAsync("keyed", server.BaseUrl, headers: new() { ["X-Title"] = "engine" });
        server.Keys = ["sk-test-0123456789"];
        await rig.RotateAsync("keyed", "sk-test-0123456789");
        server.Asked.Clear();

        await rig.SyncAsync("keyed");

        Assert.Equal(("/v1/models", "Bearer sk-test-0123456789", "engine"), Assert.Single(server.Asked));
    }

    [Fact]
    public async Task A_server_without_prices_has_models_that_cannot_be_chosen()
    {
        await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI);
        server.Models = """{"object":"list","data":[{"id":"llama3.2:3b","object":"model"},{"id":"free","pricing":{"prompt":"0","completion":"0"}}]}""";

        await rig.SyncAsync("local");

        Assert.Equal([("free", "price_unknown"), ("llama3.2:3b", "price_unknown")],
            await rig.QueryAsync<(string, string)>("select slug, state from v_models where provider = 'local' order by slug"));
    }

    [Fact]
    public async Task Four_hundred_models_are_synced_in_far_less_than_five_seconds()
    {
        server.Models = List([.. Enumerable.Range(0, 400).Select(i => Model($"author{i % 40}/model-{i}", more: $",\"description\":\"{new string('d', 1000)}\""))]);
        await rig.ValueAsync<int>("select 1");
        var clock = Stopwatch.StartNew();

        var first = await rig.SyncAsync();
        var (took, again) = (clock.Elapsed, Stopwatch.StartNew());
        rig.Time.Advance(TimeSpan.FromHours(1));
        server.Models = server.Models.Replace("0.0000006", "0.0000007", StringComparison.Ordinal);
        var second = await rig.SyncAsync();

        Assert.Equal((400, 400), (first.New, second.PriceUp));
        Assert.True(took < TimeSpan.FromSeconds(5) && again.Elapsed < TimeSpan.FromSeconds(5), $"took {took}, then {again.Elapsed}");
        Console.WriteLine($"400 new models in {took.TotalMilliseconds:0} ms, 400 new prices in {again.Elapsed.TotalMilliseconds:0} ms");
    }
}
