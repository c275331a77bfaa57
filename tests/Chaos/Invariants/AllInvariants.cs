using Chaos.Recorded;

namespace Chaos.Invariants;

public static class AllInvariants
{
    public static IReadOnlyList<IInvariant> List { get; } =
    [
        new NothingIsLost(), new OneFinishCounts(), new StaleEpochsAreRefused(), new EpochsGrow(), new OneDecisionCounts(),
        new ChildrenWaitForParents(), new DeathsAreNotCharged(), new NothingWaitsWhileWorkersIdle(), new FiresMakeOneTask(), new CountersEqualRows(),
    ];

    public static IReadOnlyList<Verdict> Check(History history) =>
        [.. List.Select(i => i.Check(history) is var (count, violations) ? new Verdict(i, count, violations) : null!)];
}

/// <param name="Checked">How many things were looked at.</param>
public sealed record Verdict(IInvariant Invariant, int Checked, IReadOnlyList<Violation> Violations);
