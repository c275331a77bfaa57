namespace Routing.Tests;

public sealed class NanoUsdTests
{
    static readonly decimal Most = long.MaxValue / 1_000_000_000m;

    [Fact]
    public void What_is_spent_is_rounded_up_and_what_is_left_is_rounded_down()
    {
        Assert.Equal((38, 37), (NanoUsd.Ceiling(0.000_000_037_5m).Value, NanoUsd.Floor(0.000_000_037_5m).Value));
        Assert.Equal((-37, -38), (NanoUsd.Ceiling(-0.000_000_037_5m).Value, NanoUsd.Floor(-0.000_000_037_5m).Value));
        Assert.Equal((long.MaxValue, long.MaxValue), (NanoUsd.Ceiling(Most).Value, NanoUsd.Floor(Most).Value));
    }

    [Fact]
    public void What_64_bits_do_not_hold_is_refused_and_does_not_wrap_around()
    {
        foreach (var usd in new[] { Most + 0.000_000_001m, 1e18m, decimal.MaxValue, -Most - 0.000_000_002m, decimal.MinValue })
        {
            Assert.Throws<OverflowException>(() => NanoUsd.Ceiling(usd));
            Assert.Throws<OverflowException>(() => NanoUsd.Floor(usd));
        }
        Assert.Throws<OverflowException>(() => new NanoUsd(long.MaxValue) + new NanoUsd(1));
        Assert.Throws<OverflowException>(() => new NanoUsd(long.MinValue) - new NanoUsd(1));
    }
}
