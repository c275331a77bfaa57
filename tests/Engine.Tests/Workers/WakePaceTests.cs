using Engine.Workers;
using Support;

namespace Engine.Tests.Workers;

public sealed class WakePaceTests
{
    readonly ManualTime time = new();
    readonly WakePace pace;

    public WakePaceTests() => pace = new WakePace(time);

    [Fact]
    public void Looks_in_vain_are_further_and_further_apart_up_to_20_milliseconds()
    {
        var pauses = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            pace.FoundNothing();
            pauses.Add(pace.Left.TotalMilliseconds);
            time.Advance(pace.Left);
        }

        Assert.Equal([1, 2, 4, 8, 16, 20, 20], pauses);
    }

    [Fact]
    public void What_finds_something_is_followed_at_once()
    {
        for (var i = 0; i < 5; i++) pace.FoundNothing();

        pace.Found();

        Assert.Equal(TimeSpan.Zero, pace.Left);
    }

    [Fact]
    public void A_wake_that_comes_a_while_later_begins_anew()
    {
        for (var i = 0; i < 7; i++) pace.FoundNothing();

        time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal(TimeSpan.Zero, pace.Left);
        pace.FoundNothing();

        Assert.Equal(1, pace.Left.TotalMilliseconds);
    }
}
