using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Learning;
using Routing.Performance;
using Routing.Selection;
using Support;

namespace Routing.Tests.Learning;

public sealed class RankPoliciesTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();
    readonly Dictionary<(string Provider, string Slug, string Policy), ModelRecord> records = [];

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_learned_order_is_laid_over_the_policy_and_rests_after_a_move()
    {
        (records[("p", "a", "normal")], records[("p", "b", "normal")]) = (Seen(100, 100), Seen(200, 0));
        Assert.Equal(2, await RankAsync("a", "b"));
        Assert.Equal(["b 1 promoted", "a 2 demoted"], await RanksAsync());

        (records[("p", "a", "normal")], records[("p", "b", "normal")]) = (Seen(200, 0), Seen(100, 100));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, await RankAsync("a", "b"));
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(2, await RankAsync("a", "b"));

        Assert.Equal(["a 1 promoted", "b 2 demoted"], await RanksAsync());
        Assert.Equal(["b", "a"], RankOverlay.Order(["a", "b"], [Rank("b", 1), Rank("a", 2)], m => ("p", m)));
    }

    [Fact]
    public async Task Models_that_a_policy_gets_or_loses_are_taken_in_and_forgotten()
    {
        (records[("p", "a", "normal")], records[("p", "b", "normal")]) = (Seen(100, 100), Seen(200, 0));
        await RankAsync("a", "b");

        await RankAsync("new", "b", "a");
        Assert.Equal(["new 1 as", "b 2 promoted", "a 3 demoted"], await RanksAsync());
        await RankAsync("new", "a");

        Assert.Equal(["new 1 as", "a 2 demoted"], await RanksAsync());
    }

    [Fact]
    public async Task What_a_person_has_pinned_stays_first_until_it_is_cleared()
    {
        (records[("p", "a", "normal")], records[("p", "b", "normal")], records[("p", "c", "normal")]) = (Seen(200, 0), Seen(200, 0), Seen(0, 200));
        await PinAsync("c");

        await RankAsync("a", "b", "c");
        Assert.Equal(["c 1 by", "a 2 as", "b 3 as"], await RanksAsync());
        await using (var connection = await db.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            Assert.Equal(3, await ClearRanks.RunAsync(connection, transaction, "normal", CancellationToken.None));
            await transaction.CommitAsync();
        }
        await RankAsync("a", "b", "c");

        Assert.Equal(["a 1 as", "b 2 as", "c 3 as"], await RanksAsync());
    }

    [Fact]
    public async Task Processes_that_rank_at_the_same_time_agree()
    {
        (records[("p", "a", "normal")], records[("p", "b", "normal")]) = (Seen(100, 100), Seen(200, 0));

        var moved = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RankAsync("a", "b")));

        Assert.Equal(2, moved.Sum());
        Assert.Equal(["b 1 promoted", "a 2 demoted"], await RanksAsync());
    }

    [Fact]
    public async Task Without_calls_the_cost_is_expected_as_the_prices_are()
    {
        records[("p", "a", "normal")] = Seen(60, 60);
        PolicyToRank[] priced = [new("normal", [new ModelToRank("p", "a", PricePerMtok: 1), new ModelToRank("p", "b", PricePerMtok: 2)], RankWeights.Balanced)];
        PolicyToRank[] dear = [new("normal", [new ModelToRank("p", "a", PricePerMtok: 1), new ModelToRank("p", "b", PricePerMtok: 1000)], RankWeights.Balanced)];

        Assert.Equal(0, await Ranking().RunAsync(dear, records, CancellationToken.None));
        Assert.Equal(2, await Ranking().RunAsync(priced, records, CancellationToken.None));
    }

    async Task PinAsync(string model)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await new PinRanks(time).RunAsync(connection, transaction, "normal", [("p", model)], "by hand", "token:tester", CancellationToken.None);
        await transaction.CommitAsync();
    }

    Task<int> RankAsync(params string[] models) =>
        Ranking().RunAsync([new PolicyToRank("normal", [.. models.Select(m => new ModelToRank("p", m))], RankWeights.Balanced)], records, CancellationToken.None);

    RankPolicies Ranking() => new(db.Source, RankSettings.Default, time, NullLogger<RankPolicies>.Instance);

    async Task<IEnumerable<string>> RanksAsync()
    {
        await using var connection = await db.Reader.OpenConnectionAsync();
        return await connection.QueryAsync<string>("select concat_ws(' ', model, position, split_part(reason, ' ', 1)) from v_routing_ranks order by position");
    }

    Rank Rank(string model, int position) => new("normal", "p", model, position, "", time.GetUtcNow(), null);

    static ModelRecord Seen(double succeeded, double failed) =>
        new(succeeded + failed, Wilson.Low(succeeded, succeeded + failed), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 0.001m) { Succeeded = succeeded, Failed = failed };
}
