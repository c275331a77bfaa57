using Dapper;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Routing.Providers;
using Support;

namespace Routing.Tests.Providers;

public sealed class RotationTests(TestDatabase db, ProviderServer server) : IClassFixture<TestDatabase>, IClassFixture<ProviderServer>, IAsyncLifetime
{
    const string First = "sk-or-first-0123456789", Second = "sk-or-second-0123456789", Third = "sk-or-third-0123456789";

    readonly RoutingRig rig = new(db, new ManualTime());

    public async Task InitializeAsync()
    {
        await db.EmptyAsync();
        (server.Fault, server.Keys) = (null, [First, Second, Third]);
        await rig.PutAsync("openrouter", server.BaseUrl, ProviderKinds.OpenRouter);
        await rig.RotateAsync("openrouter", First);
    }

    public Task DisposeAsync()
    {
        rig.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Another_process_uses_the_new_key_after_its_next_look_and_never_none()
    {
        using var other = new RoutingRig(db, rig.Time, rig.Ring);
        await other.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(First, Used(other));

        Assert.IsType<CredentialStaged.Done>(await rig.StageAsync("openrouter", Second));
        await other.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(First, Used(other)); // staged is not used
        Assert.True((await rig.VerifyAsync("openrouter")).IsWorking);
        Assert.IsType<CredentialMoved.Done>(await rig.PromoteAsync("openrouter"));
        await other.Follow.RunOnceAsync(CancellationToken.None);

        Assert.Equal(Second, Used(other));
        Assert.Equal(["active", "retiring"], await StatesAsync());
    }

    [Fact]
    public async Task A_key_is_not_put_into_use_before_a_call_has_shown_that_it_works()
    {
        await rig.StageAsync("openrouter", Second);

        Assert.IsType<CredentialMoved.NotVerified>(await rig.PromoteAsync("openrouter"));
        Assert.Equal(First, await UsedAsync());
    }

    [Fact]
    public async Task A_key_that_the_provider_refuses_is_wiped_and_the_old_one_stays()
    {
        await rig.StageAsync("openrouter", "sk-or-wrong-0123456789");

        var test = await rig.VerifyAsync("openrouter");

        Assert.Equal((false, true, 401), (test.IsWorking, test.IsRefused, test.HttpStatus));
        Assert.DoesNotContain("wrong", test.Detail, StringComparison.Ordinal); // the server quoted it
        Assert.Equal(["active", "retired"], await StatesAsync());
        Assert.IsType<CredentialMoved.NothingStaged>(await rig.PromoteAsync("openrouter"));
        Assert.Equal(First, await UsedAsync());
    }

    [Fact]
    public async Task A_key_that_nobody_could_try_stays_staged()
    {
        await rig.StageAsync("openrouter", Second);
        server.Fault = http => { http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable; return Task.CompletedTask; };

        Assert.False((await rig.VerifyAsync("openrouter")).IsWorking);

        Assert.Equal(["active", "staged"], await StatesAsync());
        server.Fault = null;
        Assert.True((await rig.VerifyAsync("openrouter")).IsWorking);
    }

    [Fact]
    public async Task The_replaced_key_is_wiped_when_no_call_can_use_it_any_more()
    {
        await rig.RotateAsync("openrouter", Second);

        rig.Time.Advance(RoutingRig.LongestCall - TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await rig.Keep.RunOnceAsync(CancellationToken.None)).Retired);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await rig.Keep.RunOnceAsync(CancellationToken.None)).Retired);

        Assert.Equal(["active", "retired"], await StatesAsync());
        Assert.Equal(0, await rig.ValueAsync<long>("select count(*) from routing_credentials where state = 'retired' and (sealed is not null or nonce is not null or key_id is not null)"));
        Assert.IsType<CredentialMoved.NothingToUndo>(await rig.RollBackAsync("openrouter"));
    }

    [Fact]
    public async Task A_rotation_is_undone_while_the_replaced_key_is_there()
    {
        await rig.RotateAsync("openrouter", Second);
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await rig.RotateAsync("openrouter", Third); // two are retiring now: the way back leads to the later one

        Assert.IsType<CredentialMoved.Done>(await rig.RollBackAsync("openrouter"));
        Assert.Equal(Second, await UsedAsync());

        await rig.StageAsync("openrouter", Third);
        Assert.IsType<CredentialMoved.Done>(await rig.RollBackAsync("openrouter")); // wipes what is staged
        Assert.Equal(Second, await UsedAsync());
        Assert.Equal(["active", "retired", "retired", "retiring"], await StatesAsync());

        Assert.IsType<CredentialMoved.Done>(await rig.RollBackAsync("openrouter"));
        Assert.Equal(First, await UsedAsync());
    }

    [Fact]
    public async Task A_new_staged_key_takes_the_place_of_the_one_before_and_the_key_in_use_is_not_staged()
    {
        await rig.StageAsync("openrouter", Second);
        await rig.StageAsync("openrouter", Third);

        Assert.Equal(["active", "retired", "staged"], await StatesAsync());
        Assert.Contains("in use", Assert.IsType<CredentialStaged.Refused>(await rig.StageAsync("openrouter", First)).Problem, StringComparison.Ordinal);
        Assert.IsType<CredentialStaged.Refused>(await rig.StageAsync("openrouter", "two words"));
        Assert.IsType<CredentialStaged.NoSuchProvider>(await rig.StageAsync("absent", Third));
        Assert.IsType<CredentialMoved.NoSuchProvider>(await rig.PromoteAsync("absent"));
        Assert.IsType<CredentialMoved.NoSuchProvider>(await rig.RollBackAsync("absent"));
    }

    [Fact]
    public async Task Many_who_rotate_at_once_leave_one_key_in_use()
    {
        var keys = Enumerable.Range(0, 8).Select(i => $"sk-or-race-{i}-0123456789").ToArray();
        server.Keys!.UnionWith(keys);

        await Task.WhenAll(keys.Select(async key =>
        {
            await rig.StageAsync("openrouter", key);
            await rig.VerifyAsync("openrouter");
            await rig.PromoteAsync("openrouter");
        }));

        Assert.Equal(1, (await StatesAsync()).Count(s => s == "active"));
        Assert.True((await StatesAsync()).Count(s => s == "staged") <= 1);
        Assert.NotNull(await UsedAsync());
    }

    [Theory]
    [InlineData("active")]
    [InlineData("staged")]
    public async Task The_database_itself_refuses_a_second_key_in_a_slot(string state)
    {
        await rig.StageAsync("openrouter", Second);
        await using var connection = await db.Source.OpenConnectionAsync();

        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync("""
            insert into routing_credentials (credential_id, provider, state, key_id, nonce, sealed, fingerprint, created_at, created_by)
            select gen_random_uuid(), provider, state, key_id, nonce, sealed, fingerprint, created_at, created_by from routing_credentials where state = @state
            """, new { state }));

        Assert.Equal($"routing_credentials_one_{state}", refused.ConstraintName);
    }

    [Fact]
    public async Task Keys_move_under_the_current_key_of_the_ring_at_the_start()
    {
        var (a, b) = (KeyRing.Generate(), KeyRing.Generate());
        await db.EmptyAsync();
        using var old = new RoutingRig(db, rig.Time, KeyRing.Parse(a));
        await old.PutAsync("openrouter", server.BaseUrl, ProviderKinds.OpenRouter);
        await old.RotateAsync("openrouter", First);
        await old.StageAsync("openrouter", Second);

        using var both = new RoutingRig(db, rig.Time, KeyRing.Parse(b + a));
        Assert.Equal((0, 2), await both.Keep.RunOnceAsync(CancellationToken.None));
        Assert.Equal((0, 0), await both.Keep.RunOnceAsync(CancellationToken.None));

        using var anew = new RoutingRig(db, rig.Time, KeyRing.Parse(b));
        await anew.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal(First, Used(anew));
    }

    [Fact]
    public async Task A_key_that_cannot_be_opened_here_is_told_and_hurts_no_other_provider()
    {
        await rig.PutAsync("local", server.BaseUrl, ProviderKinds.OpenAI);
        using var stranger = new RoutingRig(db, rig.Time);

        await stranger.Follow.RunOnceAsync(CancellationToken.None);
        Assert.Equal((0, 0), await stranger.Keep.RunOnceAsync(CancellationToken.None));

        Assert.Null(stranger.Keys.Find("openrouter")!.Key);
        Assert.Contains("key ring", stranger.Keys.Find("openrouter")!.KeyProblem, StringComparison.Ordinal);
        Assert.Null(stranger.Keys.Find("local")!.KeyProblem);
        Assert.Null(stranger.Keys.Find("absent"));
        Assert.False((await stranger.Test.RunAsync("openrouter", CredentialStates.Active, CancellationToken.None))!.IsWorking);
    }

    [Fact]
    public async Task A_row_that_was_moved_to_another_provider_does_not_open()
    {
        await rig.PutAsync("thief", server.BaseUrl);
        await rig.QueryAsync<int>("update routing_credentials set provider = 'thief'; select 1");

        await rig.Follow.RunOnceAsync(CancellationToken.None);

        Assert.Null(rig.Keys.Find("thief")!.Key);
        Assert.Contains("does not open", rig.Keys.Find("thief")!.KeyProblem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_key_lies_in_the_database_in_the_clear()
    {
        await rig.StageAsync("openrouter", Second);

        var dump = await rig.ValueAsync<string>("select json_agg(c)::text || json_agg(encode(c.sealed, 'escape'))::text from routing_credentials c");

        Assert.DoesNotContain("sk-or", dump, StringComparison.Ordinal);
    }

    async Task<string?> UsedAsync()
    {
        await rig.Follow.RunOnceAsync(CancellationToken.None);
        return Used(rig);
    }

    static string? Used(RoutingRig of)
    {
        using var request = new HttpRequestMessage();
        of.Keys.Find("openrouter")!.Key?.Authorize(request.Headers);
        return request.Headers.Authorization?.Parameter;
    }

    Task<IReadOnlyList<string>> StatesAsync() => rig.QueryAsync<string>("select state from routing_credentials order by state");
}
