using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class ConcurrencyKeysTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task No_more_run_than_the_key_allows_and_the_longest_waiting_comes_next()
    {
        await using var worker = await rig.WorkerAsync();
        var ids = await rig.FileAllAsync([.. Enumerable.Range(0, 6).Select(_ => Keyed("c", 2))]);

        for (var i = 0; i < 6; i += 2)
        {
            var claimed = await worker.ClaimAsync();
            Assert.Equal(ids[i..(i + 2)], claimed.Select(c => c.Row.TaskId));
            foreach (var task in claimed) await worker.SucceedAsync(task);
            await TaskRules.CheckAsync(db);
        }
    }

    [Fact]
    public async Task A_lowered_limit_starts_nothing_until_fewer_run_than_it_allows()
    {
        await using var worker = await rig.WorkerAsync();
        await rig.FileAllAsync(Keyed("c", 3), Keyed("c", 3), Keyed("c", 3));
        var running = await worker.ClaimAsync();
        await worker.SucceedAsync(running[0]);

        await rig.FileAllAsync(Keyed("c", 1), Keyed("c", 1));
        Assert.Empty(await worker.ClaimAsync());
        await worker.SucceedAsync(running[1]);
        Assert.Empty(await worker.ClaimAsync());
        await worker.SucceedAsync(running[2]);

        Assert.Single(await worker.ClaimAsync());
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_raised_limit_lets_more_run_at_once()
    {
        await using var worker = await rig.WorkerAsync();
        await rig.FileAllAsync(Keyed("c", 1), Keyed("c", 1));
        Assert.Single(await worker.ClaimAsync());

        await rig.FileAsync(Keyed("c", 3));

        Assert.Equal(2, (await worker.ClaimAsync()).Count);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Slots_never_exceed_the_limit_while_everything_happens_at_once()
    {
        const int Limit = 3;
        using var over = new CancellationTokenSource();
        var most = 0L;
        var watch = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
                most = Math.Max(most, await rig.ReadAsync<long>("""
                    select coalesce(max(n), 0) from (select count(*) as n from (select task_id from task_ready union all select task_id from task_leases) r
                    join tasks t on t.task_id = r.task_id where t.concurrency_key is not null group by t.concurrency_key) k
                    """));
        });
        var workers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => rig.WorkerAsync()));

        await Task.WhenAll(workers.Select((worker, n) => Task.Run(async () =>
        {
            var random = new Random(n);
            for (var i = 0; i < 25; i++)
            {
                var ids = await rig.FileAllAsync([.. Enumerable.Range(0, 4).Select(_ => Keyed($"c{random.Next(2)}", Limit))]);
                if (random.Next(3) == 0) await rig.CancelAsync(ids[random.Next(4)]);
                foreach (var claimed in await worker.ClaimAsync(3))
                    await worker.EndAsync(claimed, random.Next(4) switch
                    {
                        0 => new TaskResult.Returned(), 1 => TaskResult.Fail(TaskFault.Persistent, "no"), 2 => TaskResult.WaitForSignal("s"), _ => TaskResult.Done(),
                    });
            }
        })));
        await over.CancelAsync();
        await watch;

        Assert.InRange(most, 2, Limit);
        await TaskRules.CheckAsync(db);
        await DrainAsync(workers[0]);
        foreach (var worker in workers) await worker.DisposeAsync();
    }

    [Fact]
    public async Task A_task_that_waits_beside_a_free_slot_is_found_by_the_sweep()
    {
        await rig.FileAllAsync(Keyed("a"), Keyed("a"), Keyed("b"), Keyed("b"), Keyed("c"), Keyed("c"));
        // As when a slot was freed by one transaction and awaited by another that did not see each other.
        await rig.ExecuteAsync("delete from task_ready; update task_slots set task_id = null; delete from tasks where task_id not in (select task_id from task_held)");
        var sweep = new SweepHeld(rig.Get<MoveTasks>(), rig.Get<TimeProvider>(), rig.Get<PromoteHeld>(), rig.Get<WakeWorkers>()) { BatchKeys = 2 };

        Assert.Equal(2, (await sweep.RunAsync(CancellationToken.None)).Count);
        Assert.Equal(1, (await sweep.RunAsync(CancellationToken.None)).Count);
        Assert.Equal(0, (await sweep.RunAsync(CancellationToken.None)).Count);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Keys_that_no_live_task_has_are_forgotten_and_others_are_not()
    {
        await using var worker = await rig.WorkerAsync();
        var later = await rig.FileAsync(Keyed("scheduled") with { DueAt = rig.Now + TimeSpan.FromHours(1) });
        await rig.FileAsync(Keyed("pending"));
        await rig.CancelAsync(await rig.FileAsync(Keyed("idle")));
        var forget = new ForgetConcurrencyKeys(rig.Get<MoveTasks>(), rig.Time!, rig.Get<TasksSettings>()) { BatchKeys = 1 };

        Assert.Equal(1, await forget.RunAsync(CancellationToken.None));

        Assert.Equal("pending scheduled", await KeysAsync());
        Assert.Equal(2, await rig.ReadAsync<long>("select count(*) from task_slots"));
        rig.Time!.Advance(TimeSpan.FromHours(2));
        await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
        Assert.Contains(await worker.ClaimAsync(), c => c.Row.TaskId == later);
    }

    [Fact]
    public async Task A_limit_is_remembered_as_long_as_ended_tasks_are_kept_after_the_key_was_used_last()
    {
        await rig.CancelAsync(await rig.FileAsync(Keyed("c", 5)));
        await ForgetAsync(0, after: TimeSpan.Zero);
        Assert.Equal(0, await rig.ReadAsync<long>("select count(*) from task_slots"));
        rig.Time!.Advance(TimeSpan.FromDays(60));
        await rig.CancelAsync(await rig.FileAsync(Keyed("c", 5))); // used in between
        await ForgetAsync(0, after: TimeSpan.Zero);
        await ForgetAsync(0, after: TimeSpan.FromDays(91));
        Assert.Equal("c", await KeysAsync());

        await ForgetAsync(1, after: TimeSpan.FromDays(2));

        Assert.Equal("", await KeysAsync());

        async Task ForgetAsync(int forgotten, TimeSpan after)
        {
            rig.Time!.Advance(after);
            Assert.Equal(forgotten, await rig.Get<ForgetConcurrencyKeys>().RunAsync(CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_key_that_is_forgotten_while_it_is_filed_again_works()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 30; round++)
        {
            var forget = Task.Run(() => rig.Get<ForgetConcurrencyKeys>().RunAsync(CancellationToken.None));
            var taskId = await Task.Run(() => rig.FileAsync(Keyed("c")));
            await forget;

            await TaskRules.CheckAsync(db);
            await worker.SucceedAsync(await worker.ClaimOneAsync(taskId));
        }
    }

    static NewTask Keyed(string key, int limit = 1) => TasksRig.New() with { ConcurrencyKey = key, ConcurrencyLimit = limit };

    Task<string> KeysAsync() => rig.ReadAsync<string>("select coalesce(string_agg(concurrency_key, ' ' order by concurrency_key), '') from task_concurrency");

    /// <summary>Ends everything that may run, until nothing is left that waits for a slot.</summary>
    async Task DrainAsync(ProbeWorker worker)
    {
        for (var pass = 0; await rig.ReadAsync<long>("select (select count(*) from task_ready) + (select count(*) from task_held) + (select count(*) from task_leases)") > 0; pass++)
        {
            Assert.InRange(pass, 0, 500);
            rig.Time!.Advance(TimeSpan.FromMinutes(1));
            await rig.Get<SweepHeld>().RunAsync(CancellationToken.None);
            foreach (var claimed in await worker.ClaimAsync()) await worker.SucceedAsync(claimed);
        }
    }
}
