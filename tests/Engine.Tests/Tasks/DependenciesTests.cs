using Engine.Tasks;
using Engine.Workers;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>Row 28 of the fault matrix: no child starts before all its parents succeeded, and each is released once.</summary>
public sealed class DependenciesTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Fact]
    public async Task Two_parents_that_finish_at_the_same_instant_release_their_child_once()
    {
        await using var one = await rig.WorkerAsync();
        await using var two = await rig.WorkerAsync();
        for (var round = 0; round < 60; round++)
        {
            var parents = await rig.FileAllAsync(TasksRig.New(), TasksRig.New());
            var child = await rig.FileAsync(TasksRig.New() with { DependsOn = parents });
            var first = Assert.Single(await one.ClaimAsync(1));
            var second = Assert.Single(await two.ClaimAsync(1));

            using var start = new Barrier(2);
            var ends = await Task.WhenAll(EndAtAsync(start, one, first, TaskResult.Done()), EndAtAsync(start, two, second, TaskResult.Done()));

            Assert.Equal([true, true], ends);
            var released = await one.ClaimOneAsync(child);
            Assert.Equal(1, released.Row.Epoch);
            Assert.True(await one.SucceedAsync(released));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Parents_with_many_children_in_common_do_not_block_each_other()
    {
        await using var one = await rig.WorkerAsync();
        await using var two = await rig.WorkerAsync();
        for (var round = 0; round < 15; round++)
        {
            var parents = await rig.FileAllAsync(TasksRig.New(), TasksRig.New());
            await rig.FileAllAsync([.. Enumerable.Range(0, 60).Select(_ => TasksRig.New() with { DependsOn = parents })]);
            var first = Assert.Single(await one.ClaimAsync(1));
            var second = Assert.Single(await two.ClaimAsync(1));

            using var start = new Barrier(2);
            await Task.WhenAll(EndAtAsync(start, one, first, TaskResult.Done()), EndAtAsync(start, two, second, round % 2 == 0 ? TaskResult.Done() : TaskResult.Refuse("no")));

            var released = await one.ClaimAsync();
            Assert.Equal(round % 2 == 0 ? 60 : 0, released.Count);
            foreach (var child in released) await one.SucceedAsync(child);
        }
        Assert.Equal(0, one.GaveWay + two.GaveWay);
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_parent_that_is_rescued_while_it_finishes_releases_its_child_at_most_once()
    {
        for (var round = 0; round < 25; round++)
        {
            await using var dying = await rig.WorkerAsync();
            await using var other = await rig.WorkerAsync();
            var parent = await rig.FileAsync();
            var child = await rig.FileAsync(TasksRig.New() with { DependsOn = [parent] });
            var claimed = await dying.ClaimOneAsync(parent);
            await dying.DieAsync();

            using var start = new Barrier(2);
            var finish = EndAtAsync(start, dying, claimed, TaskResult.Done());
            var rescue = Task.Run(async () =>
            {
                start.SignalAndWait();
                return await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
            });
            await Task.WhenAll(finish, rescue);

            Assert.Equal(await finish ? 0 : 1, await rescue);
            if (!await finish)
            {
                Assert.Equal("waiting_dependency", await rig.StateAsync(child));
                Assert.True(await other.SucceedAsync(await other.ClaimOneAsync(parent)));
            }
            Assert.True(await other.SucceedAsync(await other.ClaimOneAsync(child)));
        }
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_parent_that_does_not_succeed_blocks_its_children_and_says_so()
    {
        await using var worker = await rig.WorkerAsync();
        var parents = await rig.FileAllAsync(TasksRig.New(), TasksRig.New());
        var child = await rig.FileAsync(TasksRig.New() with { DependsOn = parents });
        var claimed = await worker.ClaimAsync();

        await worker.EndAsync(claimed[0], TaskResult.Refuse("no"));
        await worker.SucceedAsync(claimed[1]);

        Assert.Equal(("blocked", "1 of the tasks it depends on did not succeed"), ((await rig.SeeAsync(child)).State, (await rig.SeeAsync(child)).Reason));
        Assert.Empty(await worker.ClaimAsync());
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Children_and_parents_that_end_and_come_back_at_the_same_time_lose_nobody()
    {
        await using var worker = await rig.WorkerAsync();
        for (var round = 0; round < 30; round++)
        {
            var parents = await rig.FileAllAsync(TasksRig.New(), TasksRig.New());
            var child = await rig.FileAsync(TasksRig.New() with { DependsOn = parents });
            await rig.CancelAsync(parents[0]);
            await rig.CancelAsync(child);
            var claimed = await worker.ClaimOneAsync(parents[1]);

            await Task.WhenAll(Task.Run(() => rig.RedriveAsync(parents[0])), Task.Run(() => rig.RedriveAsync(child)), Task.Run(() => worker.SucceedAsync(claimed)));

            await TaskRules.CheckAsync(db);
            await worker.SucceedAsync(await worker.ClaimOneAsync(parents[0]));
            await worker.SucceedAsync(await worker.ClaimOneAsync(child));
        }
    }

    static Task<bool> EndAtAsync(Barrier start, ProbeWorker worker, ClaimedTask task, TaskResult result) => Task.Factory.StartNew(async () =>
    {
        start.SignalAndWait();
        return await worker.EndAsync(task, result);
    }, TaskCreationOptions.LongRunning).Unwrap();
}
