using Dapper;
using Npgsql;
using Routing.Performance;
using Support;
using static Routing.Tests.Performance.HealthRig;

namespace Routing.Tests.Performance;

public sealed class RouteHealthTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly HealthRig rig = new(db);

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
        var health = rig.Health();

        foreach (var call in calls)
            if (call == ' ') rig.Time.Advance(TimeSpan.FromSeconds(1));
            else
                health.Ended(Provider, Model, call switch { 's' => "succeeded", 'x' => "cancelled", _ => "failed" }, call switch { 's' or 'x' => null, 'c' => "invalid_request", _ => "timeout" }, Quick);

        Assert.Equal(mayCall, health.MayCall(Provider, Model));
        Assert.True(health.MayCall(Provider, "b/other"));
        Assert.Equal(mayCall ? [] : [(Provider, Model)], health.Standing().Keys);
    }

    [Fact]
    public void A_provider_stands_still_when_calls_fail_on_several_of_its_models()
    {
        var health = rig.Health();

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
        var (here, there) = (rig.Health(), rig.Health());

        here.Ended(Provider, Model, "failed", kind, Quick);
        here.ProviderOut(Provider, kind);

        Assert.False(here.MayCall(Provider, "b/other"));
        await here.RunOnceAsync(CancellationToken.None);
        await there.RunOnceAsync(CancellationToken.None);
        Assert.False(there.MayCall(Provider, "b/other"));
        Assert.Equal(kind, there.Out()[Provider]);
        Assert.Equal(("open", true, 1), await rig.RowAsync(""));
    }

    [Fact]
    public async Task A_person_lets_it_be_called_at_once_and_what_failed_before_is_forgotten()
    {
        var health = rig.Health();
        await OpenAsync(health);
        health.ProviderOut(Provider, "authentication");
        await health.RunOnceAsync(CancellationToken.None);

        await using (var connection = await db.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            var reset = await new ResetBreakers(rig.Time).RunAsync(connection, transaction, Provider, null, CancellationToken.None);
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
        var cut = rig.Health(source);
        for (var i = 0; i < 5; i++) Fail(cut, Model);
        await Assert.ThrowsAsync<PostgresException>(() => cut.RunOnceAsync(CancellationToken.None));
        Assert.False(cut.MayCall(Provider, Model)); // it holds here all the same

        var health = rig.Health();
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
        Assert.Equal(("open", false, 1), await rig.RowAsync(Model));
    }

    [Fact]
    public async Task A_change_is_told_to_who_listens()
    {
        await using var listening = await db.Source.OpenConnectionAsync();
        await listening.ExecuteAsync($"listen {Breakers.Channel}");

        await OpenAsync(rig.Health());

        Assert.True(await listening.WaitAsync(TimeSpan.FromSeconds(10)));
    }
}
