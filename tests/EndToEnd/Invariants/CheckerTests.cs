using Chaos.Invariants;
using Chaos.Kinds;
using Chaos.Recorded;

namespace EndToEnd.Invariants;

/// <summary>The checker of histories finds what was planted, names the invariant, and is content with what is right.</summary>
public sealed class CheckerTests
{
    static readonly Guid Task = Told.Task, Parent = Told.Parent;

    static Told Good() => new Told().Filed("f1", Commit.Done, 1, 1, Task).Has(Task);

    [Fact]
    public void A_history_in_which_all_went_well_is_left_alone()
    {
        var told = Good().Event(WorldEventKind.Started, Task, 1).Attempt(Task, 1, "lost", fault: "worker_lost")
            .Event(WorldEventKind.Started, Task, 2, process: 200).Event(WorldEventKind.Owned, Task, 2, "still owner").Event(WorldEventKind.Effect, Task, 2, key: "k")
            .Event(WorldEventKind.Returned, Task, 2, "succeeded").Attempt(Task, 2, "succeeded", "succeeded", result: 2)
            .Looked(0, 8).Looked(1, 0);

        Assert.Empty(told.Violations());
    }

    [Fact]
    public void A_filing_that_was_told_to_be_there_and_is_not_breaks_I1() =>
        Assert.Equal(["I1"], new Told().Filed("f1", Commit.Done, 1, 1, Task).Violated());

    [Fact]
    public void Half_of_a_filing_of_unknown_outcome_breaks_I1() =>
        Assert.Equal(["I1"], new Told().Filed("f1", Commit.Unknown, 2, 0).Has(Task).Live(Task, "parked").Violated());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_filing_of_unknown_outcome_may_be_there_or_not(int there)
    {
        var told = new Told().Filed("f1", Commit.Unknown, 1, 0);
        if (there > 0) told.Has(Task).Live(Task, "parked");

        Assert.Empty(told.Violations());
    }

    [Fact]
    public void A_refused_filing_that_is_there_breaks_I1() =>
        Assert.Equal(["I1"], new Told().Filed("f1", Commit.Refused, 1, 0).Has(Task).Live(Task, "parked").Violated());

    [Fact]
    public void A_task_that_nobody_filed_breaks_I1() => Assert.Equal(["I1"], new Told().Has(Task, "f9").Live(Task, "parked").Violated());

    [Fact]
    public void A_task_that_is_nowhere_breaks_I1() => Assert.Equal(["I1"], Good().Violated());

    [Fact]
    public void A_task_in_two_tables_breaks_I1() => Assert.Contains("I1", Good().Live(Task, "parked").Live(Task, "gated").Violated());

    [Fact]
    public void A_task_that_has_ended_and_lives_breaks_I1() => Assert.Contains("I1", Good().Succeeded(Task, 1).Live(Task, "parked", 1).Violated());

    [Theory]
    [InlineData("ready")]
    [InlineData("due")]
    [InlineData("held")]
    public void A_task_that_could_run_and_was_left_breaks_I1(string place)
    {
        Assert.Equal(["I1"], Good().Live(Task, place).Violated());
        Assert.Empty(Good().Live(Task, place).Violations(isDrained: false));
    }

    [Fact]
    public void A_child_that_waits_for_nobody_breaks_I1()
    {
        Assert.Contains("I1", WithParent("succeeded").Live(Task, "waiting", open: 1).Violated());
        Assert.Empty(WithParent(null).Live(Parent, "parked", 2).Live(Task, "waiting", open: 1).Violations());
    }

    [Fact]
    public void Two_ends_in_force_break_I2() => Assert.Contains("I2", Good().Succeeded(Task, 1).Succeeded(Task, 2).Violated());

    [Fact]
    public void The_result_of_another_attempt_breaks_I2() => Assert.Equal(["I2"],
        Good().Attempt(Task, 1, "lost", fault: "worker_lost").Event(WorldEventKind.Returned, Task, 2, "succeeded").Attempt(Task, 2, "succeeded", "succeeded", result: 1).Violated());

    [Fact]
    public void A_success_that_no_handler_reported_breaks_I2() =>
        Assert.Equal(["I2"], Good().Event(WorldEventKind.Started, Task, 1).Attempt(Task, 1, "succeeded", "succeeded", result: 1).Violated());

    [Fact]
    public void A_success_that_was_reopened_breaks_I2() => Assert.Contains("I2",
        Good().Succeeded(Task, 1).Attempt(Task, 2, "succeeded", "succeeded", reopened: true).Violated());

    [Fact]
    public void An_owner_after_a_later_attempt_has_begun_breaks_I3() => Assert.Equal(["I3"],
        Good().Event(WorldEventKind.Started, Task, 1).Attempt(Task, 1, "lost", fault: "worker_lost").Event(WorldEventKind.Started, Task, 2, process: 200)
            .Event(WorldEventKind.Owned, Task, 1, "still owner")
            .Event(WorldEventKind.Returned, Task, 2, "succeeded").Attempt(Task, 2, "succeeded", "succeeded", result: 2).Violated());

    [Fact]
    public void An_owner_after_the_task_was_cancelled_breaks_I3() => Assert.Equal(["I3"],
        Good().Event(WorldEventKind.Started, Task, 1).Decided("cancel", Task, Commit.Done).Event(WorldEventKind.Owned, Task, 1, "note").Attempt(Task, 1, "cancelled", "cancelled").Violated());

    [Fact]
    public void An_accepted_effect_of_an_earlier_attempt_breaks_I3() => Assert.Contains("I3",
        Good().Live(Task, "parked", 2).Event(WorldEventKind.Effect, Task, 2, key: "k").Event(WorldEventKind.Effect, Task, 1, key: "k").Violated());

    [Fact]
    public void A_refused_effect_of_an_earlier_attempt_is_the_fence_at_work() => Assert.DoesNotContain("I3",
        Good().Live(Task, "parked", 2).Event(WorldEventKind.Effect, Task, 2, key: "k").Event(WorldEventKind.Effect, Task, 1, key: "k", accepted: false).Violated());

    [Fact]
    public void Another_idempotency_key_at_the_second_attempt_breaks_I3() => Assert.Contains("I3",
        Good().Live(Task, "parked", 2).Event(WorldEventKind.Effect, Task, 1, key: "k").Event(WorldEventKind.Effect, Task, 2, key: "l").Violated());

    [Fact]
    public void An_end_by_an_attempt_that_was_not_the_last_breaks_I3() => Assert.Contains("I3",
        Good().Succeeded(Task, 1).Attempt(Task, 2, "lost", fault: "worker_lost").Violated());

    [Fact]
    public void An_epoch_that_began_in_two_processes_breaks_I4() => Assert.Equal(["I4"],
        Good().Event(WorldEventKind.Started, Task, 1, process: 100).Event(WorldEventKind.Started, Task, 1, process: 200)
            .Event(WorldEventKind.Returned, Task, 1, "succeeded").Attempt(Task, 1, "succeeded", "succeeded", result: 1).Violated());

    [Fact]
    public void A_live_task_below_its_last_epoch_breaks_I4() => Assert.Contains("I4", Good().Attempt(Task, 1, "snoozed").Attempt(Task, 2, "snoozed").Live(Task, "parked", 1).Violated());

    [Fact]
    public void Two_decisions_on_one_opening_break_I5() => Assert.Equal(["I5"],
        Good().Attempt(Task, 1, "gated").Live(Task, "parked", 1).Decided("decide", Task, Commit.Done, "chaos", 1, "approved").Decided("decide", Task, Commit.Done, "chaos", 1, "rejected").Violated());

    [Fact]
    public void A_decision_on_an_opening_that_never_was_breaks_I5() => Assert.Equal(["I5"],
        Good().Attempt(Task, 1, "gated").Live(Task, "parked", 1).Decided("decide", Task, Commit.Done, "chaos", 7, "approved").Violated());

    [Fact]
    public void A_decision_that_nobody_took_breaks_I5() => Assert.Equal(["I5"],
        Good().Attempt(Task, 1, "gated").Live(Task, "parked", 1).Decided("decide", Task, Commit.Done, "chaos", 1, "approved").Event(WorldEventKind.Saw, Task, 2, "chaos:rejected").Violated());

    [Fact]
    public void A_refused_second_decision_is_as_it_should_be() => Assert.Empty(
        Good().Attempt(Task, 1, "gated").Live(Task, "parked", 1).Decided("decide", Task, Commit.Done, "chaos", 1, "approved").Decided("decide", Task, Commit.Refused, "chaos", 1, "rejected").Violations());

    [Theory]
    [InlineData("dead")]
    [InlineData(null)]
    public void A_child_that_begins_although_its_parent_did_not_succeed_breaks_I6(string? end)
    {
        var told = WithParent(end);
        if (end is null) told.Live(Parent, "parked", 1);

        Assert.Contains("I6", told.Succeeded(Task, 1).Violated());
    }

    [Fact]
    public void A_child_that_begins_before_its_parent_has_succeeded_breaks_I6()
    {
        var told = new Told().Filed("f1", Commit.Done, 2, 2, Task, Parent).Has(Task).Has(Parent);
        told.Edges.Add(new EdgeLine(Task, Parent, "succeeded"));

        Assert.Equal(["I6"], told.Succeeded(Task, 1).Succeeded(Parent, 1).Violated());
    }

    [Fact]
    public void A_fourth_failure_breaks_I7()
    {
        var told = new Told().Filed("f1", Commit.Done, 1, 1, Task).Has(Task, kind: ChaosKinds.Flaky);
        for (var epoch = 1; epoch <= 4; epoch++) told.Attempt(Task, epoch, "retried", fault: "transient");

        Assert.Equal(["I7"], told.Live(Task, "parked", 4, failures: 4).Violated());
    }

    [Fact]
    public void A_lost_worker_that_is_charged_breaks_I7() => Assert.Equal(["I7"],
        Good().Attempt(Task, 1, "lost", fault: "worker_lost").Live(Task, "parked", 1, failures: 1).Violated());

    [Fact]
    public void Giving_up_after_two_lost_workers_breaks_I7() => Assert.Equal(["I7"],
        Good().Attempt(Task, 1, "lost", fault: "worker_lost").Attempt(Task, 2, "dead", "dead", "worker_lost").Violated());

    [Fact]
    public void Giving_up_after_three_losses_of_one_worker_breaks_I7() => Assert.Equal(["I7"],
        Good().Attempt(Task, 1, "lost", fault: "worker_lost").Attempt(Task, 2, "lost", fault: "worker_lost").Attempt(Task, 3, "dead", "dead", "worker_lost").Violated());

    [Fact]
    public void Losses_of_workers_that_live_on_are_no_deaths_and_a_fourth_death_breaks_I7()
    {
        var told = Good().Succeeded(Task, 5);
        for (var epoch = 1; epoch <= 4; epoch++) told.Attempt(Task, epoch, "lost", fault: "worker_lost", worker: 10 + epoch);
        Assert.Equal(["I7"], told.Violated());

        told.Workers.Add(new(11, 300, "offline", 0));

        Assert.Empty(told.Violated());
    }

    [Fact]
    public void A_failure_of_what_never_fails_breaks_I7() => Assert.Equal(["I7"],
        Good().Attempt(Task, 1, "retried", fault: "transient").Live(Task, "parked", 1, failures: 1).Violated());

    [Fact]
    public void A_task_that_waits_beside_a_free_slot_breaks_I8() => Assert.Equal(["I8"],
        Good().Live(Task, "parked").Looked(1, 4).Looked(2, 4).Looked(3, 4).Looked(4, 4).Violated());

    [Theory]
    [InlineData(0, true)]
    [InlineData(4, false)]
    public void A_task_may_wait_when_nobody_is_free_or_something_is_wrong(int freeSlots, bool isCalm) => Assert.Empty(
        Good().Live(Task, "parked").Looked(1, 4).Looked(2, freeSlots, isCalm).Looked(3, 4).Looked(4, 4).Violations());

    [Fact]
    public void Two_tasks_of_one_fire_break_I9() => Assert.Contains("I9",
        new Told().Has(Task, TickDuty.Tag, fire: "10:00").Succeeded(Task, 1).Has(Parent, TickDuty.Tag, fire: "10:00").Succeeded(Parent, 1).Violated());

    [Fact]
    public void Two_fires_of_one_time_break_I9()
    {
        var told = new Told();
        told.Fires.AddRange([new FireLine("chaos", "10:00", false), new FireLine("chaos", "10:00", false), new FireLine("chaos", "10:00", true)]);

        Assert.Equal(["I9"], told.Violated());
    }

    [Fact]
    public void An_edge_that_says_otherwise_than_its_parent_breaks_I10()
    {
        var told = WithParent("dead").Live(Task, "waiting", open: 1);
        told.Edges[0] = told.Edges[0] with { Settled = null };

        Assert.Contains("I10", told.Violated());
    }

    [Fact]
    public void A_wrong_count_of_parents_breaks_I10() => Assert.Equal(["I10"], WithParent("dead").Live(Task, "waiting", open: 2, failed: 1).Violated());

    [Theory]
    [InlineData("a", null, false)] // the key of a task that has ended
    [InlineData(null, "a", true)] // a live task whose key nobody holds
    public void A_dedup_key_without_its_task_or_the_other_way_round_breaks_I10(string? held, string? own, bool isLive)
    {
        var told = new Told().Filed("f1", Commit.Done, 1, 1, Task).Has(Task, dedup: own ?? held);
        if (held is not null) told.Keys.Add(new KeyLine(held, Task));
        if (isLive) told.Live(Task, "parked", flags: 2);
        else told.Succeeded(Task, 1);

        Assert.Equal(["I10"], told.Violated());
    }

    [Theory]
    [InlineData(1, "parked", 4)] // it does not run any more
    [InlineData(1, "leased", 0)] // it does not need one
    [InlineData(0, "leased", 4)] // it runs without
    public void A_slot_that_is_not_where_it_belongs_breaks_I10(int slots, string place, short flags)
    {
        var told = Good().Live(Task, place, epoch: place == "leased" ? 1 : 0, flags: flags, worker: place == "leased" ? 1 : null);
        for (var slot = 1; slot <= slots; slot++) told.Slots.Add(new SlotLine("north", slot, Task, 1));

        Assert.Contains("I10", told.Violated());
    }

    [Fact]
    public void An_epoch_without_an_attempt_breaks_I10() => Assert.Equal(["I10"], Good().Attempt(Task, 1, "snoozed").Attempt(Task, 3, "snoozed").Live(Task, "parked", 3).Violated());

    [Fact]
    public void Epochs_that_go_on_above_a_lost_primary_are_as_they_should_be() =>
        Assert.Empty(Good().Attempt(Task, 1, "snoozed").Attempt(Task, 1L << 32, "snoozed").Attempt(Task, (1L << 32) + 1, "snoozed").Live(Task, "parked", (1L << 32) + 1).Violations());

    [Fact]
    public void A_lease_of_a_worker_that_is_gone_breaks_I10() => Assert.Contains("I10", Good().Live(Task, "leased", 1, worker: 2).Violated());

    [Fact]
    public void Every_invariant_has_a_name_of_its_own_and_is_in_the_list() =>
        Assert.Equal(Enumerable.Range(1, 10).Select(n => $"I{n}"), AllInvariants.List.Select(i => i.Name));

    static Told WithParent(string? end)
    {
        var told = new Told().Filed("f1", Commit.Done, 2, 2, Task, Parent).Has(Task).Has(Parent, kind: ChaosKinds.Poison);
        told.Edges.Add(new EdgeLine(Task, Parent, end is null ? null : end == "succeeded" ? "succeeded" : "failed"));
        told.Attempt(Parent, 1, "lost", fault: "worker_lost", worker: 2).Attempt(Parent, 2, "lost", fault: "worker_lost", worker: 3);
        return end is null ? told : told.Attempt(Parent, 3, end, end, fault: "worker_lost", worker: 4);
    }
}
