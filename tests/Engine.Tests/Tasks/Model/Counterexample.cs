namespace Engine.Tests.Tasks.Model;

static class Counterexample
{
    /// <summary>The bug, and nothing else in this world, breaks the invariant, and this is a shortest way there.</summary>
    public static void Expect(Bug bug, Invariant broken, Bounds bounds, string trace)
    {
        var without = new Explorer(bounds).Run();
        var with = new Explorer(bounds, bug, broken).Run();

        Assert.True(without.Broken is null, without.ToString());
        Assert.Equal(broken, with.Broken);
        Assert.True(trace == with.Trace, $"The shortest trace is now:\n{with.Trace}");
    }
}
