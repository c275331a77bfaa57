using System.Diagnostics;
using Xunit.Abstractions;
using static Engine.Tests.Tasks.Model.Troubles;

namespace Engine.Tests.Tasks.Model;

/// <summary>The engine as it is meant to be, in small worlds that are explored to the last state.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    static readonly Dictionary<string, Bounds> Worlds = new()
    {
        ["a host that starts again"] = new(Tasks: 1, Workers: 3, Death | Freeze | LostReply | Drain),
        ["a task with a long life"] = new(
            Tasks: 1, Workers: 2, Death | Freeze | LostReply | Drain | Cancel, Failures: 2, Losses: 2, Snoozes: 1, Redrives: 1),
        ["prefetched tasks"] = new(Tasks: 2, Workers: 2, Death | Freeze | Drain, Slots: 2, Losses: 2),
        ["an outside that cannot ask"] = new(Tasks: 2, Workers: 3, Death | Freeze, BlindOutside: true),
        ["parents that fail and are redriven"] = new(Tasks: 3, Workers: 2, Cancel, Losses: 2, Redrives: 1, Dag: true),
        ["parents whose workers die"] = new(Tasks: 3, Workers: 2, Death | Freeze | LostReply, Losses: 2, Dag: true),
        ["parents at gates"] = new(Tasks: 3, Workers: 2, Death, Losses: 1, Dag: true, Gate: true),
        ["a gate asked again after a failure"] = new(Tasks: 1, Workers: 2, Freeze | Cancel, Failures: 2, Losses: 2, Gate: true),
        ["a gate asked again after a redrive"] = new(Tasks: 1, Workers: 2, Freeze, Losses: 2, Redrives: 1, Gate: true),
    };

    static readonly Dictionary<string, Lazy<Exploration>> Explored = Worlds.ToDictionary(
        world => world.Key, world => new Lazy<Exploration>(() => new Explorer(world.Value).Run()));

    public static readonly TheoryData<string> WorldNames = [.. Worlds.Keys];

    [Theory]
    [MemberData(nameof(WorldNames))]
    public void Every_invariant_holds_in_every_state_of(string world)
    {
        var started = Stopwatch.GetTimestamp();

        var exploration = Explored[world].Value;

        output.WriteLine($"{world}: {exploration} ({Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s)");
        Assert.True(exploration.Broken is null, exploration.ToString());
    }

    [Fact]
    public void Each_kind_of_step_is_taken_somewhere_and_each_fence_refuses_somebody()
    {
        Act[] ofBugs =
        [
            Act.CountSiblings, Act.ResolverSees, Act.ResolverActs, Act.ResolverReleases, Act.FilingCounts, Act.FilingCommits, Act.Prune,
        ];
        Act[] fenced =
        [
            Act.Effect, Act.Ask, Act.Wait, Act.Finish, Act.Refuse, Act.Return, Act.Fail, Act.Snooze,
            Act.RescuerActs, Act.Approve, Act.Reject,
        ];

        var happened = Explored.Values.SelectMany(e => e.Value.Happened).ToHashSet();

        Assert.Equal(Enum.GetValues<Act>().Except(ofBugs).Order(), happened.Where(h => !h.Refused).Select(h => h.Act).Order());
        Assert.Equal(fenced.Order(), happened.Where(h => h.Refused).Select(h => h.Act).Order());
    }
}
