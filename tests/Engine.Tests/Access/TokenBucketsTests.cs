using Engine.Access;
using Support;

namespace Engine.Tests.Access;

public sealed class TokenBucketsTests
{
    readonly ManualTime time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(500)]
    public void A_key_gets_two_seconds_worth_at_once_and_then_its_rate(int perSecond)
    {
        var buckets = new TokenBuckets(perSecond, time);

        Assert.Equal(2 * perSecond, TakenAtOnce(buckets, "a"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(perSecond, TakenAtOnce(buckets, "a"));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2 * perSecond, TakenAtOnce(buckets, "a"));
    }

    [Fact]
    public void Keys_do_not_hold_each_other_up_and_the_wait_is_true()
    {
        var buckets = new TokenBuckets(2, time);
        TakenAtOnce(buckets, "a");

        Assert.False(buckets.TryTake("a", out var wait));
        Assert.True(buckets.TryTake("b", out _));
        time.Advance(wait - TimeSpan.FromMilliseconds(1));
        Assert.False(buckets.TryTake("a", out _));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(buckets.TryTake("a", out _));
    }

    [Fact]
    public void Many_callers_together_get_no_more_than_the_rate()
    {
        var buckets = new TokenBuckets(100, time);
        var taken = 0;

        Parallel.For(0, 10_000, _ => { if (buckets.TryTake("a", out var _)) Interlocked.Increment(ref taken); });

        Assert.Equal(200, taken);
    }

    [Fact]
    public void Very_many_addresses_do_not_fill_the_memory()
    {
        var buckets = new TokenBuckets(1, time);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < 300_000; i++) buckets.TryTake($"{i}", out _);

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20L << 20);
    }

    static int TakenAtOnce(TokenBuckets buckets, string key) => Enumerable.Range(0, 5_000).TakeWhile(_ => buckets.TryTake(key, out var _)).Count();
}
