using Dapper;
using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

public sealed class LatencyBucketsTests(TestDatabase db) : IClassFixture<TestDatabase>
{
    [Fact]
    public async Task The_database_has_the_same_buckets()
    {
        await using var connection = await db.Source.OpenConnectionAsync();

        var bounds = await connection.QueryAsync<long>("select unnest(routing_latency_bounds())");
        var edges = LatencyBuckets.Bounds.SelectMany(b => new[] { b - 1, b, b + 1 }).Append(long.MaxValue / 10_000).ToArray();
        var buckets = await connection.QueryAsync<int>("select routing_latency_bucket(ms) from unnest(@edges) with ordinality as e (ms, n) order by n", new { edges });

        Assert.Equal(LatencyBuckets.Bounds, bounds);
        Assert.Equal(edges.Select(ms => LatencyBuckets.Of(TimeSpan.FromMilliseconds(ms))), buckets);
        Assert.All(LatencyBuckets.Bounds.Zip(LatencyBuckets.Bounds.Skip(1)), pair => Assert.True(pair.Second > pair.First));
    }

    [Fact]
    public async Task A_quantile_is_at_most_eight_percent_off_and_the_same_in_the_database()
    {
        var random = new Random(7);
        await using var connection = await db.Source.OpenConnectionAsync();
        for (var round = 0; round < 30; round++)
        {
            var sample = Enumerable.Range(0, random.Next(1, 400)).Select(_ => Math.Exp(random.NextDouble() * 14)).Order().ToArray();
            var histogram = new Histogram();
            foreach (var ms in sample) histogram.Add(TimeSpan.FromMilliseconds(ms));
            foreach (var share in new[] { 0.0, 0.5, 0.95, 1.0 })
            {
                var exact = Math.Floor(sample[Math.Max(0, (int)Math.Ceiling(share * sample.Length) - 1)]);

                var here = LatencyBuckets.Quantile([.. histogram.Counts.Select(c => (double)c)], share)!.Value.TotalMilliseconds;
                var there = await connection.ExecuteScalarAsync<double>("select routing_latency_quantile(@counts, @share)", new { counts = histogram.Counts.ToArray(), share });

                Assert.InRange(here, exact * 0.92, exact * 1.08);
                Assert.Equal(there, here, 0.001);
            }
        }
    }

    [Fact]
    public async Task Nothing_seen_has_no_quantile()
    {
        await using var connection = await db.Source.OpenConnectionAsync();

        Assert.Null(LatencyBuckets.Quantile([], 0.5));
        Assert.Null(LatencyBuckets.Quantile([0, 0], 0.5));
        Assert.Null(await connection.ExecuteScalarAsync<double?>("select routing_latency_quantile('{}', 0.5)"));
        Assert.Null(await connection.ExecuteScalarAsync<double?>("select routing_latency_quantile('{0,0}', 0.5)"));
    }
}
