using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class FilingRaceTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task Of_50_filings_of_one_dedup_key_one_makes_the_task_and_all_get_its_id()
    {
        using var start = new Barrier(50);

        var filed = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Factory.StartNew(async () =>
        {
            start.SignalAndWait();
            return Assert.Single(Assert.IsType<Filing.Done>(await rig.TryFileAsync(TasksRig.New() with { DedupKey = "d" })).Tasks);
        }, TaskCreationOptions.LongRunning).Unwrap()));

        var made = Assert.Single(filed, f => f.IsNew);
        Assert.All(filed, f => Assert.Equal(made.TaskId, f.TaskId));
        Assert.Equal(1, await rig.ReadAsync<long>("select count(*) from tasks"));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Of_20_filings_of_one_id_one_makes_the_task()
    {
        var task = TasksRig.New() with { TaskId = rig.NewId(), DedupKey = "d" };

        var filed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => rig.TryFileAsync(task))));

        Assert.Single(filed, f => Assert.Single(Assert.IsType<Filing.Done>(f).Tasks).IsNew);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Keys_in_another_order_do_not_block_each_other()
    {
        NewTask[] tasks = [.. Enumerable.Range(0, 20).Select(i => TasksRig.New() with { DedupKey = $"d{i}", ConcurrencyKey = $"c{i % 7}" })];

        var filings = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => rig.TryFileAsync([.. i % 2 == 0 ? tasks : tasks.Reverse()]))));

        Assert.Equal(20, filings.SelectMany(f => Assert.IsType<Filing.Done>(f).Tasks).Count(t => t.IsNew));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_dedup_key_whose_task_ends_at_the_same_moment_is_never_lost_nor_doubled()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 30; round++)
        {
            var old = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });
            var claimed = (await worker.ClaimAsync()).Single(c => c.Row.TaskId == old);

            var finish = Task.Run(() => worker.SucceedAsync(claimed));
            var filings = Enumerable.Range(0, 4).Select(_ => Task.Run(() => rig.FileAsync(TasksRig.New() with { DedupKey = "d" }))).ToArray();
            var filed = await Task.WhenAll(filings);

            Assert.True(await finish);
            Assert.InRange(filed.Distinct().Count(id => id != old), 0, 1);
            await TaskRules.CheckAsync(db);
            foreach (var rest in await worker.ClaimAsync()) await worker.SucceedAsync(rest);
        }
    }

    [Fact]
    public async Task A_child_that_is_filed_while_its_parent_ends_is_never_forgotten()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 60; round++)
        {
            var parent = await rig.FileAsync();
            var claimed = await worker.ClaimOneAsync(parent);

            var finish = Task.Run(() => worker.SucceedAsync(claimed));
            var child = await Task.Run(() => rig.FileAsync(TasksRig.New() with { DependsOn = [parent] }));
            Assert.True(await finish);

            Assert.Equal("pending", await rig.StateAsync(child));
            await worker.SucceedAsync(await worker.ClaimOneAsync(child));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_child_that_is_filed_while_its_parent_is_brought_back_waits_for_it()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 40; round++)
        {
            var parent = await rig.FileAsync();
            await rig.CancelAsync(parent);

            var redrive = Task.Run(() => rig.RedriveAsync(parent));
            var child = await Task.Run(() => rig.FileAsync(TasksRig.New() with { DependsOn = [parent] }));
            Assert.IsType<TaskMove.Done>(await redrive);

            Assert.Equal("waiting_dependency", await rig.StateAsync(child));
            await worker.SucceedAsync(await worker.ClaimOneAsync(parent));
            await worker.SucceedAsync(await worker.ClaimOneAsync(child));
        }
        await TaskRules.CheckAsync(db);
    }
}
