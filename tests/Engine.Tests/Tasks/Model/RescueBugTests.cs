using static Engine.Tests.Tasks.Model.Counterexample;
using static Engine.Tests.Tasks.Model.Troubles;

namespace Engine.Tests.Tasks.Model;

/// <summary>Known ways to rescue a task that needs no rescue, or never to rescue one that does.</summary>
public sealed class RescueBugTests
{
    static readonly Bounds Takeover = new(Tasks: 1, Workers: 2, Freeze | Death);

    [Fact]
    public void A_rescue_by_id_runs_a_finished_task_again() =>
        Expect(Bug.RescueById, Invariant.I2, Takeover, """
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            a1 finishes t1@1
            the rescuer acts on t1@1
            """);

    [Fact]
    public void A_process_that_beats_for_its_predecessor_keeps_the_dead_ones_tasks_from_being_rescued() =>
        Expect(Bug.ReusedIdentity, Invariant.I1, Takeover with { Workers = 3, Troubles = Death }, """
            t1 is filed
            a1 claims t1@1
            a1 dies
            a2 starts on the host of a1
            """);

    [Fact]
    public void A_pruned_worker_takes_its_tasks_out_of_the_rescuers_sight() =>
        Expect(Bug.PrunedWorkerHidesLeases, Invariant.I1, Takeover, """
            t1 is filed
            a1 claims t1@1
            a1 dies
            the heartbeat of a1 is past the lease
            the row of a1 is pruned
            """);

    [Fact]
    public void A_claim_whose_reply_was_lost_is_held_for_ever_by_a_worker_that_lives() =>
        Expect(Bug.LostClaimForgotten, Invariant.I1, Takeover with { Troubles = LostReply }, """
            t1 is filed
            a1 claims t1@1 and never hears of it
            """);

    [Fact]
    public void A_lost_worker_that_counts_as_a_failure_buries_a_task_that_never_failed() =>
        Expect(Bug.LossChargedAsFailure, Invariant.I7, Takeover, """
            t1 is filed
            a1 claims t1@1
            a1 dies
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            the rescuer acts on t1@1
            """);
}
