using Engine.Database;
using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

public sealed class ReconcileClaimsTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly WorkerRig rig = new(database);

    public Task InitializeAsync() => database.EmptyAsync();

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task A_worker_finds_what_it_holds_and_claims_under_the_old_generation_come_to_nothing()
    {
        await rig.FileAsync();
        var held = await rig.FileAsync();
        using var lease = await rig.RegisterAsync();
        var first = Assert.Single(await rig.ClaimAsync(lease));
        var second = Assert.Single(await rig.ClaimAsync(lease));
        await rig.EndAsync((first, TaskResult.Done()));
        await rig.FileAsync();

        var (generation, claims) = await rig.Get<ReconcileClaims>().RunAsync(lease.WorkerId, null, CancellationToken.None);

        var claim = Assert.Single(claims);
        Assert.Equal((held, second.Row, second.Place, second.PayloadJson), (claim.Row.TaskId, claim.Row, claim.Place, claim.PayloadJson));
        Assert.Equal(1, generation);
        Assert.Empty(await rig.ClaimAsync(lease, generation: 0));
        Assert.Single(await rig.ClaimAsync(lease, generation: 1));
    }

    [Fact]
    public async Task The_session_of_the_broken_exchange_is_ended()
    {
        using var lease = await rig.RegisterAsync();
        await using var connections = new ReservedConnections(database.OwnerConnectionString); // a login of its own, as in production
        await using var exchange = await ExchangeTasks.OpenAsync(connections, throughPooler: false, CancellationToken.None);

        await new ReconcileClaims(connections, new TasksSettings()).RunAsync(lease.WorkerId, exchange.ServerProcessId, CancellationToken.None);

        await Eventually.TrueAsync(async () => await rig.ScalarAsync<long>("select count(*) from pg_stat_activity where pid = @ServerProcessId", new { exchange.ServerProcessId }) == 0,
            TimeSpan.FromSeconds(10), "the session is gone");
    }
}
