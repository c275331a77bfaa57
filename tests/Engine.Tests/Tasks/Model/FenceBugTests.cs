using static Engine.Tests.Tasks.Model.Counterexample;
using static Engine.Tests.Tasks.Model.Troubles;

namespace Engine.Tests.Tasks.Model;

/// <summary>Known ways to let a worker act whose claim is over. In t1@2 the 2 is the epoch.</summary>
public sealed class FenceBugTests
{
    static readonly Bounds Takeover = new(Tasks: 1, Workers: 2, Freeze | Death);

    [Fact]
    public void A_finish_guarded_by_the_state_alone_ends_the_next_owners_run() =>
        Expect(Bug.FinishGuardedByState, Invariant.I3, Takeover, """
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            the rescuer acts on t1@1
            b1 claims t1@2
            a1 finishes t1@1
            """);

    [Fact]
    public void A_finish_guarded_by_the_workers_name_mistakes_a_frozen_process_for_its_successor() =>
        Expect(Bug.FinishGuardedByWorkerName, Invariant.I3, Takeover with { Workers = 3 }, """
            a1 freezes
            a2 starts on the host of a1
            a1 wakes
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            the rescuer acts on t1@1
            a2 claims t1@2
            a1 finishes t1@1
            """);

    [Fact]
    public void A_finish_that_ignores_what_the_fence_removed_counts_twice_after_a_lost_reply() =>
        Expect(Bug.FinishIgnoresFence, Invariant.I2, Takeover with { Troubles = LostReply }, """
            t1 is filed
            a1 claims t1@1
            a1 finishes t1@1 and the reply is lost
            a1 finishes t1@1
            """);

    [Fact]
    public void An_epoch_that_a_redrive_resets_is_handed_out_twice() =>
        Expect(Bug.RedriveResetsEpoch, Invariant.I3, Takeover with { Redrives = 1 }, """
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            the rescuer acts on t1@1
            b1 claims t1@2
            b1 fails t1@2
            t1 is redriven
            b1 claims t1@1
            a1 acts outside for t1@1
            """);

    [Fact]
    public void An_epoch_that_a_redrive_resets_goes_back() =>
        Expect(Bug.RedriveResetsEpoch, Invariant.I4, Takeover with { Redrives = 1 }, """
            t1 is filed
            a1 claims t1@1
            a1 fails t1@1
            t1 is redriven
            """);

    [Fact]
    public void An_epoch_that_a_snooze_gives_back_goes_back() =>
        Expect(Bug.SnoozeTakesEpochBack, Invariant.I4, Takeover with { Snoozes = 1 }, """
            t1 is filed
            a1 claims t1@1
            a1 snoozes t1@1
            """);

    [Fact]
    public void An_outside_that_does_not_ask_for_the_owner_takes_an_effect_of_a_rescued_task() =>
        Expect(Bug.EffectWithoutStillOwner, Invariant.I3, Takeover, """
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            the rescuer reads t1@1
            the rescuer acts on t1@1
            a1 acts outside for t1@1
            """);

    [Fact]
    public void An_outside_that_does_not_ask_for_the_owner_takes_an_effect_of_a_cancelled_task() =>
        Expect(Bug.EffectWithoutStillOwner, Invariant.I3, Takeover with { Troubles = Cancel }, """
            t1 is filed
            a1 claims t1@1
            t1 is cancelled
            a1 acts outside for t1@1
            """);

    [Fact]
    public void A_call_that_leaves_after_two_thirds_of_the_lease_lands_after_the_rescue() =>
        Expect(Bug.CallPastTwoThirds, Invariant.I3, Takeover with { BlindOutside = true }, """
            t1 is filed
            a1 claims t1@1
            the heartbeat of a1 is past 2/3 of the lease
            the heartbeat of a1 is past the lease
            a1 calls outside for t1@1
            the rescuer reads t1@1
            the rescuer acts on t1@1
            the call of a1 for t1@1 lands
            """);
}
