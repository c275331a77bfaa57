using static Engine.Tests.Tasks.Model.Counterexample;
using static Engine.Tests.Tasks.Model.Troubles;

namespace Engine.Tests.Tasks.Model;

/// <summary>Known ways to release a child twice, too early or never, and a gate by an old key. t3 is the child of t1 and t2.</summary>
public sealed class FamilyAndGateBugTests
{
    static readonly Bounds Parents = new(Tasks: 3, Workers: 2, None, Dag: true);
    static readonly Bounds Gate = new(Tasks: 1, Workers: 2, None, Failures: 2, Gate: true);

    [Fact]
    public void A_child_that_resolvers_release_by_id_is_released_twice() =>
        Expect(Bug.ChildReleasedByResolver, Invariant.I6, Parents, """
            t1 is filed
            a1 claims t1@1
            a1 finishes t1@1
            t2 is filed
            a1 claims t2@1
            t3 is filed
            a1 finishes t2@1
            a resolver reads t3
            another resolver releases t3
            that resolver releases t3
            """);

    [Fact]
    public void A_child_whose_parents_count_each_other_in_their_snapshots_is_never_released() =>
        Expect(Bug.SiblingsCountedInSnapshot, Invariant.I1, Parents, """
            t1 is filed
            a1 claims t1@1
            a1 counts the siblings of t1@1
            t2 is filed
            b1 claims t2@1
            b1 counts the siblings of t2@1
            t3 is filed
            """);

    [Fact]
    public void A_child_filed_with_an_old_count_of_its_parents_is_never_released() =>
        Expect(Bug.ParentsCountedBeforeFiling, Invariant.I1, Parents with { Failures = 2 }, """
            t1 is filed
            a1 claims t1@1
            t2 is filed
            the filing of t3 counts 2 open parents
            a1 finishes t1@1
            t3 is filed with that count
            """);

    [Fact]
    public void A_parents_finish_that_counts_twice_releases_the_child_before_the_other_parent() =>
        Expect(Bug.FinishIgnoresFence, Invariant.I6, Parents with { Troubles = LostReply }, """
            t1 is filed
            a1 claims t1@1
            a1 finishes t1@1 and the reply is lost
            t2 is filed
            t3 is filed
            a1 finishes t1@1
            """);

    [Fact]
    public void A_child_of_a_silent_failed_parent_waits_for_ever() =>
        Expect(Bug.FailedParentIsSilent, Invariant.I1, Parents, """
            t1 is filed
            a1 claims t1@1
            t2 is filed
            t3 is filed
            a1 fails t1@1
            """);

    [Fact]
    public void An_approval_that_names_the_task_alone_opens_the_gate_of_the_next_attempt() =>
        Expect(Bug.DecisionBoundToTask, Invariant.I5, Gate, """
            t1 is filed
            a1 claims t1@1
            a1 asks people about t1@1
            a1 fails t1@1
            t1 is due
            a1 claims t1@2
            a1 asks people about t1@2
            a1 puts t1@2 at the gate
            t1@1 is approved
            """);

    [Fact]
    public void A_click_that_overwrites_the_first_one_turns_a_decision_round() =>
        Expect(Bug.LastDecisionWins, Invariant.I5, Gate, """
            t1 is filed
            a1 claims t1@1
            a1 asks people about t1@1
            t1@1 is approved
            t1@1 is rejected
            """);
}
