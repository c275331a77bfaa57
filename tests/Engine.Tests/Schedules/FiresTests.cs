using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Engine.Http;
using Engine.Schedules;
using Support;

namespace Engine.Tests.Schedules;

/// <summary>What a fire's row promises, without a scheduler.</summary>
public sealed class FiresTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    static readonly TimeSpan Day = TimeSpan.FromDays(1);

    readonly ManualTime time = new();
    SchedulesNode node = null!;

    public async Task InitializeAsync()
    {
        await db.EmptySchedulesAsync();
        node = new SchedulesNode(db.EngineConnectionString, time);
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task The_same_proposal_made_20_times_at_once_runs_once()
    {
        await db.AddScheduleAsync("nightly");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            if (await node.Get<ProposeFire>().RunAsync("nightly", 1, time.GetUtcNow(), CancellationToken.None) is { } fire)
                await node.Get<RunFire>().RunAsync(fire, CancellationToken.None);
        }));

        Assert.Single(node.Probe.Runs);
        var row = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Equal(("succeeded", "noted", false), (row.Outcome, row.Detail, row.Manual));
    }

    [Theory]
    [InlineData("disabled", 1L)]
    [InlineData("nightly", 7L)] // computed from a version that is not the row's
    [InlineData("unknown", 1L)]
    public async Task What_the_rows_do_not_allow_is_not_proposed(string name, long version)
    {
        await db.AddScheduleAsync("disabled", enabled: false);
        await db.AddScheduleAsync("nightly");

        Assert.Null(await node.Get<ProposeFire>().RunAsync(name, version, time.GetUtcNow(), CancellationToken.None));
        Assert.Empty(await db.FiresAsync(name));
    }

    [Fact]
    public async Task A_waiting_fire_is_taken_by_one_of_20()
    {
        await db.AddScheduleAsync("nightly");
        var fireId = await RequestAsync("nightly");

        var taken = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => node.Get<TakeFire>().RunAsync(fireId, CancellationToken.None)));

        Assert.Equal(fireId, Assert.Single(taken, t => t is not null)!.FireId);
    }

    [Fact]
    public async Task A_fire_whose_process_died_counts_as_failed_after_its_time()
    {
        await db.AddScheduleAsync("nightly");
        var fire = await node.Get<ProposeFire>().RunAsync("nightly", 1, time.GetUtcNow(), CancellationToken.None);
        time.Advance(RunFire.Limit);
        await node.Get<FailLostFires>().RunAsync(CancellationToken.None);
        Assert.Null(Assert.Single(await db.FiresAsync("nightly")).Outcome); // it may still be at work

        time.Advance(TimeSpan.FromMinutes(6));
        await node.Get<FailLostFires>().RunAsync(CancellationToken.None);

        var lost = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Equal("failed", lost.Outcome);
        await node.Get<RunFire>().RunAsync(fire!, CancellationToken.None); // not dead after all: too late
        Assert.Equal(lost, Assert.Single(await db.FiresAsync("nightly")));
    }

    [Fact]
    public async Task A_run_that_was_taken_for_lost_counts_once_and_is_logged_as_what_the_table_says()
    {
        await db.AddScheduleAsync("nightly");
        var counted = new ConcurrentQueue<object?>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == "engine.schedule.fires") l.EnableMeasurementEvents(i); } };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            if (instrument.Meter.Scope == node.Get<IMeterFactory>()) counted.Enqueue(tags.ToArray().Single(t => t.Key == "outcome").Value);
        });
        listener.Start();
        node.Probe.Act = async (_, ct) =>
        {
            await db.ExecuteAsync("update schedule_fires set finished_at = started_at, outcome = 'failed', detail = 'lost'");
            return "done after all";
        };

        await ProposeAndRunAsync(CancellationToken.None);

        Assert.Equal("lost", Assert.Single(await db.FiresAsync("nightly")).Detail);
        Assert.Empty(counted);
        node.Probe.Act = (_, _) => Task.FromResult("done");
        time.Advance(Day);
        await ProposeAndRunAsync(CancellationToken.None);
        Assert.Equal("succeeded", Assert.Single(counted));
    }

    [Fact]
    public async Task A_long_queue_of_one_schedule_does_not_hide_the_fires_of_another()
    {
        await db.AddScheduleAsync("slow");
        await db.AddScheduleAsync("quick");
        await db.ExecuteAsync("""
            insert into schedule_fires (fire_id, name, fire_time, manual) select gen_random_uuid(), 'slow', @now - n * interval '1 minute', true from generate_series(1, 60) n;
            insert into schedule_fires (fire_id, name, fire_time, manual) values (gen_random_uuid(), 'quick', @now, true);
            """, new { now = time.GetUtcNow() });
        await using var running = new SchedulesNode(db.EngineConnectionString);
        running.Probe.Act = async (fire, ct) =>
        {
            if (fire.Name == "slow") await Task.Delay(Timeout.Infinite, ct);
            return "done";
        };

        await running.PassAsync();
        await running.PassAsync();

        await Eventually.TrueAsync(() => running.Probe.Runs.Any(r => r.Name == "quick"), TimeSpan.FromSeconds(10), "the other one has run");
    }

    [Fact]
    public async Task A_run_is_refused_while_one_waits_and_not_while_one_runs()
    {
        await db.AddScheduleAsync("nightly");
        await db.AddScheduleAsync("other");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync("nightly")));
        var asked = Assert.Single(answers.OfType<RunAsked.Waits>());
        Assert.Equal(7, answers.OfType<RunAsked.AlreadyWaiting>().Count());
        Assert.IsType<RunAsked.Waits>(await AskAsync("other"));
        Assert.IsType<RunAsked.NoSuchSchedule>(await AskAsync("unknown"));

        await node.Get<TakeFire>().RunAsync(asked.Fire.FireId, CancellationToken.None);
        Assert.IsType<RunAsked.Waits>(await AskAsync("nightly"));
    }

    [Fact]
    public async Task A_duty_that_finds_something_fails_by_name_and_is_logged_as_an_error()
    {
        await db.AddScheduleAsync("nightly");
        node.Probe.Act = (_, _) => throw new DutyFailedException("Entry 7 was changed.");

        await ProposeAndRunAsync(CancellationToken.None);

        var row = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Equal(("failed", "Entry 7 was changed."), (row.Outcome, row.Detail));
        Assert.Contains("411 ", Assert.Single(node.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_duty_that_crashes_fails_and_its_long_message_is_cut()
    {
        await db.AddScheduleAsync("nightly");
        node.Probe.Act = (_, _) => throw new InvalidOperationException(new string('x', 5000));

        await ProposeAndRunAsync(CancellationToken.None);

        var row = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Equal(("failed", 2000), (row.Outcome, row.Detail!.Length));
    }

    [Fact]
    public async Task A_duty_that_nobody_knows_fails_by_name()
    {
        await db.AddScheduleAsync("nightly", duty: "from_the_future");

        await ProposeAndRunAsync(CancellationToken.None);

        Assert.Contains("from_the_future", Assert.Single(await db.FiresAsync("nightly")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_process_gives_its_fire_back_and_another_takes_it()
    {
        await db.AddScheduleAsync("nightly");
        using var stop = new CancellationTokenSource();
        node.Probe.Act = async (_, ct) =>
        {
            await stop.CancelAsync();
            ct.ThrowIfCancellationRequested();
            return "not reached";
        };

        await ProposeAndRunAsync(stop.Token);

        var waiting = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Null(waiting.StartedAt);
        Assert.NotNull(await node.Get<TakeFire>().RunAsync(waiting.FireId, CancellationToken.None));
    }

    [Fact]
    public async Task A_duty_that_lost_its_connection_is_given_back_for_an_hour_and_then_fails()
    {
        await db.AddScheduleAsync("nightly");
        node.Probe.Act = (_, _) => throw new TimeoutException("no answer");
        await ProposeAndRunAsync(CancellationToken.None);
        var waiting = Assert.Single(await db.FiresAsync("nightly"));
        Assert.Null(waiting.StartedAt);

        time.Advance(RunFire.Limit);
        var again = await node.Get<TakeFire>().RunAsync(waiting.FireId, CancellationToken.None);
        await node.Get<RunFire>().RunAsync(again!, CancellationToken.None);

        Assert.Equal("failed", Assert.Single(await db.FiresAsync("nightly")).Outcome);
    }

    [Fact]
    public async Task A_duty_that_takes_too_long_is_broken_off()
    {
        await db.AddScheduleAsync("nightly");
        node.Probe.Act = async (_, ct) =>
        {
            time.Advance(RunFire.Limit + TimeSpan.FromSeconds(1));
            await Task.Delay(Timeout.Infinite, ct);
            return "not reached";
        };

        await ProposeAndRunAsync(CancellationToken.None);

        Assert.Contains("longer than 01:00:00", Assert.Single(await db.FiresAsync("nightly")).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pruning_deletes_in_batches_only_what_is_old()
    {
        await db.AddScheduleAsync("nightly");
        await db.ExecuteAsync("""
            insert into idempotency_keys (caller, key, request_sha256, body, created_at)
            select 'me', n::text, sha256('x'), '{}', @now - n * interval '1 hour' from generate_series(0, 60) n;
            insert into schedule_fires (fire_id, name, fire_time, manual, started_at, finished_at, outcome)
            select gen_random_uuid(), 'nightly', @now - n * interval '1 day', false, @now, @now, 'succeeded' from generate_series(0, 120) n;
            insert into schedule_fires (fire_id, name, fire_time, manual) select gen_random_uuid(), 'nightly', @now - interval '200 days', true;
            """, new { now = time.GetUtcNow() });
        var prune = new PruneExpired(db.Source, time, new ForgetOldAnswers(db.Source, time)) { BatchRows = 7 };

        var told = await prune.RunAsync(Fire(), CancellationToken.None);

        Assert.Equal("Deleted 36 answers to repeated requests and 30 fires.", told); // hours 25–60; days 91–120
        Assert.Equal(92, (await db.FiresAsync("nightly")).Count); // days 0–90, and the one that never ran
        Assert.Equal("Deleted 0 answers to repeated requests and 0 fires.", await prune.RunAsync(Fire(), CancellationToken.None));
    }

    [Fact]
    public async Task Operators_see_schedules_and_fires_as_the_reader_role()
    {
        await db.AddScheduleAsync("nightly");
        await ProposeAndRunAsync(CancellationToken.None);
        await using var command = db.Reader.CreateCommand(
            "select s.last_outcome || ' ' || f.outcome from v_schedules s join v_schedule_fires f using (name) where name = 'nightly'");

        Assert.Equal("succeeded succeeded", await command.ExecuteScalarAsync());
    }

    async Task ProposeAndRunAsync(CancellationToken ct) => await node.Get<RunFire>().RunAsync(
        (await node.Get<ProposeFire>().RunAsync("nightly", 1, time.GetUtcNow(), CancellationToken.None))!, ct);

    async Task<Guid> RequestAsync(string name) => Assert.IsType<RunAsked.Waits>(await AskAsync(name)).Fire.FireId;

    async Task<RunAsked> AskAsync(string name)
    {
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var asked = await node.Get<RunSchedule>().RunAsync(connection, transaction, name, "test", null, CancellationToken.None);
        await transaction.CommitAsync();
        return asked;
    }

    ScheduledFire Fire() => new(Guid.CreateVersion7(time.GetUtcNow()), "nightly", "prune_expired", time.GetUtcNow() - Day, false, time.GetUtcNow());
}
