using Engine.Tasks;
using Engine.Tasks.Events;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>What happens to tasks reaches everybody who follows it: all of it, in order, once.</summary>
public sealed class FollowEventsTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    static readonly CancellationToken None = CancellationToken.None;

    TasksRig rig = null!;
    FollowEvents follow = null!;

    public async Task InitializeAsync()
    {
        rig = await TasksRig.OnEmptyAsync(db);
        rig.Time!.JumpWallClock(TimeProvider.System.GetUtcNow() - rig.Now); // open transactions are seen by the server's clock
        follow = rig.Get<FollowEvents>();
    }

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task Everything_that_happens_is_sent_once_and_in_order_whether_a_pass_saw_it_begin_or_not()
    {
        var all = (await follow.JoinAsync(EventFilter.All, None))!;
        await using var worker = await rig.WorkerAsync();
        var slow = await rig.FileAsync();
        var seen = new List<string>(await PassAsync(all));
        var claimed = await worker.ClaimOneAsync(slow);
        seen.AddRange(await PassAsync(all)); // sees it running
        rig.Time!.Advance(TimeSpan.FromHours(1));
        await rig.Get<AttemptRecords>().NoteAsync(claimed, "tests_ran", null, None);
        Assert.True(await worker.SucceedAsync(claimed));
        var quick = await rig.FileAsync();
        Assert.True(await worker.SucceedAsync(await worker.ClaimOneAsync(quick))); // no pass has seen it run
        var cancelled = await rig.FileAsync();
        await rig.CancelAsync(cancelled);
        seen.AddRange(await PassAsync(all));
        seen.AddRange(await PassAsync(all));

        Assert.Equal([$"{slow} filed", $"{slow} claimed", $"{slow} tests_ran", $"{slow} succeeded"], seen.Where(s => s.StartsWith($"{slow}", StringComparison.Ordinal)));
        Assert.Equal([$"{quick} filed", $"{quick} claimed", $"{quick} succeeded"], seen.Where(s => s.StartsWith($"{quick}", StringComparison.Ordinal)));
        Assert.Equal([$"{cancelled} filed", $"{cancelled} cancelled"], seen.Where(s => s.StartsWith($"{cancelled}", StringComparison.Ordinal)).Distinct());
        Assert.Equal((await rig.ReadAsync<long>("select count(*) from v_task_timeline")), seen.Count);
    }

    [Fact]
    public async Task Gates_and_what_is_decided_at_them_are_sent()
    {
        var all = (await follow.JoinAsync(EventFilter.All, None))!;
        await using var worker = await rig.WorkerAsync();
        var taskId = await rig.FileAsync();
        await worker.EndAsync(await worker.ClaimOneAsync(taskId), TaskResult.WaitForApproval("ship"));
        var seen = new List<string>(await PassAsync(all));
        await rig.DecideAsync(taskId, "ship", "approved");
        seen.AddRange(await PassAsync(all));

        Assert.Equal(["filed", "claimed", "gated", "gate_opened", "gate_approved"], seen.Select(s => s.Split(' ')[1]));
    }

    [Fact]
    public async Task Filters_let_pass_what_was_asked_for()
    {
        await using var worker = await rig.WorkerAsync();
        var mine = rig.NewId();
        var byTask = (await follow.JoinAsync(EventFilter.Of([mine], [], []), None))!;
        await rig.FileAsync(TasksRig.New() with { TaskId = mine });
        var other = await rig.FileAsync();
        Assert.Equal([$"{mine} filed"], await PassAsync(byTask)); // all that follow want single tasks: only those are read
        var byKind = (await follow.JoinAsync(EventFilter.Of([], ["nobody"], []), None))!;
        var byState = (await follow.JoinAsync(EventFilter.Of([], [], [TaskState.Succeeded, TaskState.Cancelled]), None))!;
        foreach (var claimed in await worker.ClaimAsync()) await worker.SucceedAsync(claimed);

        Assert.Equal([$"{mine} claimed", $"{mine} succeeded"], await PassAsync(byTask));
        Assert.Equal(new[] { $"{mine} succeeded", $"{other} succeeded" }.Order(StringComparer.Ordinal), Drain(byState).Order(StringComparer.Ordinal));
        Assert.Empty(Drain(byKind));
    }

    [Fact]
    public async Task The_first_task_of_a_lane_that_did_not_exist_before_is_not_missed_by_who_wants_its_kind()
    {
        var byKind = (await follow.JoinAsync(EventFilter.Of([], [TasksRig.Kind], []), None))!;
        for (var round = 0; round < 60; round++)
        {
            var pass = Task.Run(ShortlyAsync);
            var taskId = await Task.Run(() => rig.FileAsync(TasksRig.New() with { Requires = [$"tool{round}"] }));

            Assert.Contains($"{taskId} filed", (await pass).Concat(await ShortlyAsync()));
        }

        async Task<IReadOnlyList<string>> ShortlyAsync()
        {
            rig.Time!.Advance(TimeSpan.FromSeconds(1)); // filings take no longer
            await follow.RunOnceAsync(None);
            return Drain(byKind);
        }
    }

    [Fact]
    public async Task What_commits_late_is_not_missed_by_those_who_follow_nor_by_those_who_come_back()
    {
        var all = (await follow.JoinAsync(EventFilter.All, None))!;
        await using var connection = await db.Source.OpenConnectionAsync();
        await using var open = await connection.BeginTransactionAsync();
        var late = Assert.IsType<Filing.Done>(await rig.Get<FileTasks>().RunAsync(connection, open, [TasksRig.New("late")], "test", None)).Tasks[0].TaskId;
        rig.Time!.Advance(TimeSpan.FromMinutes(2)); // a transaction that takes its time
        var prompt = await rig.FileAsync();
        Assert.Equal([$"{prompt} filed"], await PassAsync(all));
        rig.Time.Advance(TimeSpan.FromMinutes(1));
        await rig.FileAsync();
        await PassAsync(all);
        var position = all.Position;

        await open.CommitAsync();

        Assert.Contains($"{late} filed", await CatchUpAsync(position)); // who left before the commit
        Assert.Equal([$"{late} filed"], await PassAsync(all)); // who stayed
    }

    [Fact]
    public async Task Who_comes_back_gets_all_that_was_missed_however_much_happened_at_a_time()
    {
        var start = rig.Now;
        await rig.FileAsync();
        await rig.ExecuteAsync("""
            insert into tasks (task_id, lane_id, filed_at, filed_by, payload)
            select (lpad(to_hex(extract(epoch from t.filed_at)::bigint * 1000 + n), 12, '0') || '7000a000' || lpad(to_hex(n), 12, '0'))::uuid, t.lane_id,
                t.filed_at + case when n <= 20000 then n * interval '1 microsecond' else n * interval '1 millisecond' end, 'test', '{}'
            from tasks t cross join generate_series(1, 30000) n
            """);
        rig.Time!.Advance(TimeSpan.FromHours(3));

        var missed = await CatchUpAsync(start);
        var half = await CatchUpAsync(start + TimeSpan.FromSeconds(25));

        Assert.Equal(30_001, missed.Count);
        Assert.Equal(30_001, missed.Distinct().Count());
        Assert.Equal(5_001, half.Count);
    }

    [Fact]
    public async Task Who_takes_nothing_is_cut_off_and_who_follows_one_task_goes_on_beside_a_flood()
    {
        var taskId = await rig.FileAsync();
        var lazy = (await follow.JoinAsync(EventFilter.All, None))!;
        await FloodAsync(6_000);
        await PassAsync(lazy, take: false);
        Assert.True(lazy.IsLagging);
        Assert.True(await EndsAsync(lazy)); // what was in time is still there, then it ends

        var single = (await follow.JoinAsync(EventFilter.Of([taskId], [], []), None))!;
        var wide = (await follow.JoinAsync(EventFilter.All, None))!;
        await FloodAsync(21_000);
        await rig.CancelAsync(taskId);

        Assert.Contains($"{taskId} cancelled", await PassAsync(single));
        Assert.Equal((false, true), (single.IsLagging, wide.IsLagging));
    }

    [Fact]
    public async Task Only_so_many_may_follow()
    {
        var joined = new List<EventSubscription>();
        while (await follow.JoinAsync(EventFilter.All, None) is { } subscription) joined.Add(subscription);

        follow.Leave(joined[0]);

        Assert.Equal(200, joined.Count);
        Assert.NotNull(await follow.JoinAsync(EventFilter.All, None));
    }

    [Fact]
    public async Task Older_tasks_are_followed_too()
    {
        var old = await rig.FileAsync(TasksRig.New() with { TaskId = Guid.CreateVersion7(rig.Now.AddDays(-30)) });
        var all = (await follow.JoinAsync(EventFilter.All, None))!;
        await PassAsync(all);

        await rig.CancelAsync(old);

        Assert.Contains($"{old} cancelled", await PassAsync(all));
    }

    /// <summary>A pass over everything, and what it sent.</summary>
    async Task<IReadOnlyList<string>> PassAsync(EventSubscription subscription, bool take = true)
    {
        rig.Time!.Advance(TimeSpan.FromSeconds(20)); // whatever was looked at before is due again
        await follow.RunOnceAsync(None);
        return take ? Drain(subscription) : [];
    }

    static List<string> Drain(EventSubscription subscription)
    {
        var sent = new List<string>();
        while (subscription.Events.TryRead(out var e)) sent.Add(Text(e));
        return sent;
    }

    static async Task<bool> EndsAsync(EventSubscription subscription)
    {
        while (await subscription.Events.WaitToReadAsync()) Drain(subscription);
        return true;
    }

    /// <summary>Everything from a position on until it is followed as it comes.</summary>
    async Task<List<string>> CatchUpAsync(DateTimeOffset position)
    {
        EventSubscription? joined = null;
        var sent = new List<string>();
        await foreach (var e in rig.Get<CatchUp>().RunAsync(position, EventFilter.All, s => joined = s, None)) sent.Add(Text(e));
        follow.Leave(joined!);
        return sent;
    }

    static string Text(SentEvent e)
    {
        var json = IdleEngine.Json(System.Text.Encoding.UTF8.GetString(e.Json.Span));
        return $"{json.GetProperty("task_id").GetString()} {json.GetProperty("event").GetString()}";
    }

    async Task FloodAsync(int count) => await rig.ExecuteAsync($$"""
        insert into tasks (task_id, lane_id, filed_at, filed_by, payload)
        select (lpad(to_hex((extract(epoch from timestamptz '{{rig.Now.UtcDateTime:O}}') * 1000)::bigint), 12, '0') || '7' || substr(md5(n || '{{count}}'), 1, 3) || 'a' || substr(md5(n || '{{count}}'), 4, 15))::uuid,
            (select min(lane_id) from task_lanes), timestamptz '{{rig.Now.UtcDateTime:O}}', 'test', '{}'
        from generate_series(1, {{count}}) n
        """);
}
