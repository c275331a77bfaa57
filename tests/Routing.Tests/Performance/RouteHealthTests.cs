using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

public sealed class RouteHealthTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    const string Provider = "openrouter", Model = "a/small";
    static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(6), Quick = TimeSpan.FromMilliseconds(50);

    readonly ManualTime time = new();

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("ffff", true)] // too few
    [InlineData("ffffsssss", true)] // half failed only in the end
    [InlineData("sssssfffff", true)] // not more than half
    [InlineData("sssssffffff", false)]
    [InlineData("fffff", false)]
    [InlineData("ccccc", true)] // the caller's fault
    [InlineData("xxxxxffff", true)] // the caller left
    [InlineData("ssssssssssssssssssssfffffffffff", false)] // only the last twenty count
    [InlineData("fffff ", false)]
    [InlineData("ffff                                     f", true)] // what was 40 s ago does not count
    public void A_model_stands_still_when_most_of_its_last_calls_failed(string calls, bool mayCall)
    {
        var health = Health();

        foreach (var call in calls)
            if (call == ' ') time.Advance(TimeSpan.FromSeconds(1));
            else
                health.Ended(Provider, Model, call switch { 's' => "succeeded", 'x' => "cancelled", _ => "failed" }, call switch { 's' or 'x' => null, 'c' => "invalid_request", _ => "timeout" }, Quick);

        Assert.Equal(mayCall, health.MayCall(Provider, Model));
        Assert.True(health.MayCall(Provider, "b/other"));
        Assert.Equal(mayCall ? [] : [(Provider, Model)], health.Standing().Keys);
    }

    [Fact]
    public void A_provider_stands_still_when_calls_fail_on_several_of_its_models()
    {
        var health = Health();

        foreach (var model in new[] { "a", "b", "a", "b", "a" }) Fail(health, model);

        Assert.False(health.MayCall(Provider, "c"));
        Assert.True(health.MayCall("ollama", "a"));
        Assert.Contains("5 of the last 5 calls failed (timeout 5)", health.Standing()[(Provider, "")], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("authentication")]
    [InlineData("payment_required")]
    public async Task A_provider_that_refuses_our_key_or_money_is_out_for_all_processes(string kind)
    {
        var (here, there) = (Health(), Health());

        here.Ended(Provider, Model, "failed", kind, Quick);
        here.ProviderOut(Provider, kind);

        Assert.False(here.MayCall(Provider, "b/other"));
        await here.RunOnceAsync(CancellationToken.None);
        await there.RunOnceAsync(CancellationToken.None);
        Assert.False(there.MayCall(Provider, "b/other"));
        Assert.Equal(kind, there.Out()[Provider]);
        Assert.Equal(("open", true, 1), await RowAsync(""));
    }

    [Fact]
    public async Task One_process_out_of_eight_makes_one_try_and_two_good_ones_let_all_call_again()
    {
        var processes = Enumerable.Range(0, 8).Select(_ => Health()).ToArray();
        await OpenAsync(processes[0]);
        Assert.All(await CallAsync(processes), mayCall => Assert.False(mayCall));

        for (var good = 0; good < 2; good++)
        {
            time.Advance(LongestPause);
            foreach (var process in processes) process.MayCall("ollama", Model); // they are in use
            await PassAsync(processes);
            Assert.Single(processes, p => !p.Standing().ContainsKey((Provider, Model))); // who has the ticket may choose it
            var tries = await CallAsync(processes);
            Assert.Single(tries, mayCall => mayCall);
            Assert.All(await CallAsync(processes), mayCall => Assert.False(mayCall)); // while the try is under way
            var who = processes[Array.IndexOf(tries, true)];
            time.Advance(Quick);
            who.Ended(Provider, Model, "succeeded", null, Quick);
            await who.RunOnceAsync(CancellationToken.None);
        }

        await PassAsync(processes);
        Assert.All(await CallAsync(processes), mayCall => Assert.True(mayCall));
        Assert.Equal(("closed", false, 1), await RowAsync(Model));
    }

    [Fact]
    public async Task A_failed_try_makes_the_pause_longer_up_to_a_limit_and_a_relapse_goes_on_there()
    {
        var health = Health();
        await OpenAsync(health);
        var pauses = new List<double> { await PauseAsync() };
        for (var attempt = 0; attempt < 8; attempt++)
        {
            time.Advance(LongestPause);
            await TryAsync(health, "failed");
            pauses.Add(await PauseAsync());
        }

        Assert.All(pauses.Select((pause, i) => (pause, Expected: Math.Min(300, 5 * Math.Pow(2, i)))), p => Assert.InRange(p.pause, p.Expected * 0.79, p.Expected * 1.21));
        time.Advance(LongestPause);
        await TryAsync(health, "succeeded");
        await TryAsync(health, "succeeded");
        Assert.Equal("closed", (await RowAsync(Model)).State);
        await OpenAsync(health);
        Assert.InRange(await PauseAsync(), 240, 360);
        time.Advance(LongestPause);
        await TryAsync(health, "succeeded");
        await TryAsync(health, "succeeded");
        time.Advance(TimeSpan.FromMinutes(11));
        await OpenAsync(health);
        Assert.InRange(await PauseAsync(), 4, 6);
    }

    [Fact]
    public async Task A_call_from_before_it_was_opened_is_no_try()
    {
        var health = Health();
        await OpenAsync(health);
        time.Advance(LongestPause);
        health.MayCall(Provider, Model);
        await health.RunOnceAsync(CancellationToken.None);
        Assert.True(health.MayCall(Provider, Model));

        health.Ended(Provider, Model, "succeeded", null, LongestPause + TimeSpan.FromSeconds(1));
        await health.RunOnceAsync(CancellationToken.None);

        Assert.Equal("probing", (await RowAsync(Model)).State);
        Assert.False(health.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_ticket_without_a_call_goes_to_another_process_and_one_whose_call_never_ends_lapses()
    {
        var (idle, busy) = (Health(), Health());
        await OpenAsync(idle);
        time.Advance(LongestPause);
        Assert.False(idle.MayCall(Provider, Model)); // it would call
        await idle.RunOnceAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(11));
        await idle.RunOnceAsync(CancellationToken.None); // gives it back
        busy.MayCall(Provider, Model);
        await busy.RunOnceAsync(CancellationToken.None);
        Assert.True(busy.MayCall(Provider, Model)); // and never ends

        time.Advance(TimeSpan.FromMinutes(1));
        await PassAsync(idle, busy);
        Assert.False(idle.MayCall(Provider, Model));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(idle.MayCall(Provider, Model));
        await PassAsync(idle, busy);

        Assert.True(idle.MayCall(Provider, Model));
        Assert.False(busy.MayCall(Provider, Model));
        busy.Ended(Provider, Model, "failed", "timeout", TimeSpan.FromMinutes(3)); // too late: the ticket is another's
        await PassAsync(busy, idle);
        Assert.Equal("probing", (await RowAsync(Model)).State);
    }

    [Fact]
    public async Task A_process_that_calls_nobody_waits_for_others_to_try_and_then_does_it_itself()
    {
        var health = Health();
        await OpenAsync(health);
        time.Advance(LongestPause);
        await health.RunOnceAsync(CancellationToken.None);
        Assert.Equal("open", (await RowAsync(Model)).State);

        time.Advance(TimeSpan.FromSeconds(16));
        await health.RunOnceAsync(CancellationToken.None);

        Assert.Equal("probing", (await RowAsync(Model)).State);
        Assert.True(health.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_process_that_stops_gives_its_ticket_back()
    {
        var (here, there) = (Health(), Health());
        await OpenAsync(here);
        time.Advance(LongestPause);
        here.MayCall(Provider, Model);
        await here.RunOnceAsync(CancellationToken.None);
        Assert.True(here.MayCall(Provider, Model));
        await here.LeaveAsync(CancellationToken.None);
        there.MayCall(Provider, Model);
        await there.RunOnceAsync(CancellationToken.None);

        Assert.True(there.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_provider_that_takes_our_key_again_is_open_after_one_try_and_one_that_does_not_stays_out()
    {
        var health = Health();
        health.ProviderOut(Provider, "payment_required");
        await health.RunOnceAsync(CancellationToken.None);
        Assert.InRange(await PauseAsync(""), 48, 72);
        time.Advance(LongestPause);

        await TryAsync(health, "failed", "payment_required");
        Assert.Equal(("open", true, 2), await RowAsync(""));
        time.Advance(LongestPause);
        await TryAsync(health, "succeeded");

        Assert.Equal(("closed", false, 2), await RowAsync(""));
        Assert.Empty(health.Out());
        Assert.True(health.MayCall(Provider, Model));
    }

    [Fact]
    public async Task A_person_lets_it_be_called_at_once_and_what_failed_before_is_forgotten()
    {
        var health = Health();
        await OpenAsync(health);
        health.ProviderOut(Provider, "authentication");
        await health.RunOnceAsync(CancellationToken.None);

        await using (var connection = await db.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var reset = await new ResetBreakers(time).RunAsync(connection, transaction, Provider, null, CancellationToken.None);
            await transaction.CommitAsync();
            Assert.Equal([("", "open"), (Model, "open")], reset.Select(r => (r.Model, r.State)).Order());
        }
        await health.RunOnceAsync(CancellationToken.None);

        Assert.True(health.MayCall(Provider, Model));
        Fail(health, Model);
        Assert.True(health.MayCall(Provider, Model));
        Assert.Equal(["closed", "closed"], (await new ListBreakers(db.Source).RunAsync(null, 10, CancellationToken.None)).Select(b => b.State));
    }

    [Fact]
    public async Task What_was_decided_while_the_database_was_away_is_written_when_it_is_back()
    {
        var broken = new NpgsqlConnectionStringBuilder(db.EngineConnectionString) { Database = "absent" };
        await using var source = NpgsqlDataSource.Create(broken.ConnectionString);
        var cut = Health(source);
        for (var i = 0; i < 5; i++) Fail(cut, Model);
        await Assert.ThrowsAsync<PostgresException>(() => cut.RunOnceAsync(CancellationToken.None));
        Assert.False(cut.MayCall(Provider, Model)); // it holds here all the same

        var health = Health();
        for (var i = 0; i < 5; i++) Fail(health, Model);
        await db.InterruptAsync(TimeSpan.FromMilliseconds(200));
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return await health.RunOnceAsync(CancellationToken.None) == 1;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(10), "it was written");
        db.Owner.Clear(); // its connections were ended too
        Assert.Equal(("open", false, 1), await RowAsync(Model));
    }

    [Fact]
    public async Task A_change_is_told_to_who_listens()
    {
        await using var listening = await db.Source.OpenConnectionAsync();
        await listening.ExecuteAsync($"listen {Breakers.Channel}");

        await OpenAsync(Health());

        Assert.True(await listening.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    /// <summary>Makes the one call that is let through.</summary>
    async Task TryAsync(RouteHealth health, string outcome, string? kind = "timeout")
    {
        health.MayCall("ollama", Model); // it is in use
        await health.RunOnceAsync(CancellationToken.None);
        Assert.True(health.MayCall(Provider, Model));
        time.Advance(Quick);
        health.Ended(Provider, Model, outcome, outcome == "failed" ? kind : null, Quick);
        await health.RunOnceAsync(CancellationToken.None);
    }

    static async Task OpenAsync(RouteHealth health)
    {
        for (var i = 0; i < 5; i++) Fail(health, Model);
        await health.RunOnceAsync(CancellationToken.None);
    }

    static void Fail(RouteHealth health, string model) => health.Ended(Provider, model, "failed", "timeout", Quick);

    static Task<int[]> PassAsync(params RouteHealth[] processes) => Task.WhenAll(processes.Select(p => Task.Run(() => p.RunOnceAsync(CancellationToken.None))));

    static async Task<bool[]> CallAsync(RouteHealth[] processes)
    {
        await PassAsync(processes);
        return await Task.WhenAll(processes.Select(p => Task.Run(() => p.MayCall(Provider, Model))));
    }

    async Task<(string State, bool IsOut, int Openings)> RowAsync(string model)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(string, bool, int)>("select state, is_out, openings from routing_breakers where provider = @Provider and model = @model", new { Provider, model });
    }

    async Task<double> PauseAsync(string model = Model)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<double>("select extract(epoch from retry_at - @now)::double precision from routing_breakers where provider = @Provider and model = @model", new { Provider, model, now = time.GetUtcNow() });
    }

    RouteHealth Health(NpgsqlDataSource? source = null)
    {
        var settings = new BreakerSettings();
        return new RouteHealth(new Breakers(source ?? db.Source, time, settings), settings, time, Calls.Metrics(), NullLogger<RouteHealth>.Instance);
    }
}
