using Dapper;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class FileTasksTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    TasksRig rig = null!;

    public async Task InitializeAsync() => rig = await TasksRig.OnEmptyAsync(db);

    public async Task DisposeAsync() => await rig.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(199)]
    [InlineData(200)] // from here on by COPY
    [InlineData(1500)]
    public async Task Many_tasks_are_filed_in_one_go_and_in_order(int count)
    {
        var ids = await rig.FileAllAsync([.. Enumerable.Range(0, count).Select(i => TasksRig.New($"{i}"))]);

        await using var worker = await rig.WorkerAsync();
        var claimed = await worker.ClaimAsync(count + 1);
        Assert.Equal(ids, claimed.Select(c => c.Row.TaskId));
        Assert.Equal($$"""{"say": "{{count - 1}}"}""", claimed[^1].PayloadJson);
        await TaskRules.CheckAsync(db);
    }

    [Theory]
    [InlineData("unknown kind", "unknown_kind", "There is no kind \"nonsense\"")]
    [InlineData("not JSON", "invalid_payload", "at $")]
    [InlineData("unknown member", "invalid_payload", "$.nonsense")]
    [InlineData("wrong type", "invalid_payload", "at $.say")]
    [InlineData("null", "invalid_payload", "must be an object")]
    [InlineData("zero character", "invalid_payload", "U+0000")]
    [InlineData("50 MB", "payload_too_large", "52428")]
    [InlineData("deadline in the past", "deadline_passed", "must lie in the future")]
    [InlineData("deadline before due", "invalid_request", "after due_at")]
    [InlineData("missing parent", "no_such_parent", "00000000-0000-7000-8000-000000000001")]
    [InlineData("id of another version", "invalid_request", "version 7")]
    [InlineData("empty key", "invalid_request", "dedup_key")]
    [InlineData("101 parents", "invalid_request", "at most 100")]
    public async Task What_cannot_be_filed_is_refused_and_says_where(string what, string code, string says)
    {
        var task = what switch
        {
            "unknown kind" => new NewTask("nonsense", "{}"),
            "not JSON" => new NewTask(TasksRig.Kind, "{\"say\":"),
            "unknown member" => new NewTask(TasksRig.Kind, """{"say":"a","nonsense":1}"""),
            "wrong type" => new NewTask(TasksRig.Kind, """{"say":1}"""),
            "null" => new NewTask(TasksRig.Kind, "null"),
            "zero character" => new NewTask(TasksRig.Kind, """{"say":"\u0000"}"""),
            "50 MB" => TasksRig.New(new string('x', 50 << 20)),
            "deadline in the past" => TasksRig.New() with { DeadlineAt = rig.Now - TimeSpan.FromSeconds(1) },
            "deadline before due" => TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromSeconds(1), DueAt = rig.Now + TimeSpan.FromSeconds(2) },
            "missing parent" => TasksRig.New() with { DependsOn = [Guid.Parse("00000000-0000-7000-8000-000000000001")] },
            "id of another version" => TasksRig.New() with { TaskId = Guid.Parse("00000000-0000-4000-8000-000000000001") },
            "empty key" => TasksRig.New() with { DedupKey = "" },
            "101 parents" => TasksRig.New() with { DependsOn = [.. Enumerable.Range(0, 101).Select(_ => rig.NewId())] },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };

        var refused = Assert.IsType<Filing.Refused>(await rig.TryFileAsync(TasksRig.New(), task));

        Assert.Equal(code, refused.Code);
        Assert.Contains(says, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await rig.ReadAsync<long>("select (select count(*) from tasks) + (select count(*) from task_ready)"));
    }

    [Fact]
    public async Task A_cycle_is_told_with_its_path()
    {
        Guid[] ids = [rig.NewId(), rig.NewId(), rig.NewId()];

        var refused = Assert.IsType<Filing.Refused>(await rig.TryFileAsync(
            TasksRig.New() with { TaskId = ids[0], DependsOn = [ids[2]] }, TasksRig.New() with { TaskId = ids[1], DependsOn = [ids[0]] },
            TasksRig.New() with { TaskId = ids[2], DependsOn = [ids[1]] }));

        Assert.Equal("dependency_cycle", refused.Code);
        Assert.Contains($"{ids[0]} → {ids[2]} → {ids[1]} → {ids[0]}", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_id_for_two_tasks_of_a_filing_is_refused()
    {
        var twice = rig.NewId();

        Assert.Equal("invalid_request", Assert.IsType<Filing.Refused>(await rig.TryFileAsync(TasksRig.New() with { TaskId = twice }, TasksRig.New() with { TaskId = twice })).Code);
    }

    [Fact]
    public async Task A_dedup_key_gives_the_live_task_until_that_has_ended()
    {
        await using var worker = await rig.WorkerAsync();
        var first = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });

        var again = Assert.IsType<Filing.Done>(await rig.TryFileAsync(TasksRig.New() with { DedupKey = "d" }, TasksRig.New() with { DedupKey = "e" }, TasksRig.New() with { DedupKey = "e" })).Tasks;

        Assert.Equal(new FiledTask(first, false), again[0]);
        Assert.Equal((true, new FiledTask(again[1].TaskId, false)), (again[1].IsNew, again[2]));
        foreach (var claimed in await worker.ClaimAsync()) await worker.SucceedAsync(claimed);
        Assert.NotEqual(first, await rig.FileAsync(TasksRig.New() with { DedupKey = "d" }));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_filing_that_is_repeated_finds_itself_even_when_its_task_has_ended()
    {
        await using var worker = await rig.WorkerAsync();
        var task = TasksRig.New() with { TaskId = rig.NewId(), DedupKey = "d", ConcurrencyKey = "c" };
        Assert.Equal(new FiledTask(task.TaskId!.Value, true), Assert.Single(Assert.IsType<Filing.Done>(await rig.TryFileAsync(task)).Tasks));
        Assert.Equal(new FiledTask(task.TaskId.Value, false), Assert.Single(Assert.IsType<Filing.Done>(await rig.TryFileAsync(task)).Tasks));
        await worker.SucceedAsync(await worker.ClaimOneAsync(task.TaskId.Value));

        Assert.Equal(new FiledTask(task.TaskId.Value, false), Assert.Single(Assert.IsType<Filing.Done>(await rig.TryFileAsync(task)).Tasks));

        Assert.NotEqual(task.TaskId.Value, await rig.FileAsync(TasksRig.New() with { DedupKey = "d" })); // the ended one does not hold the key
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_child_of_a_duplicate_depends_on_the_live_task_that_stands_in_for_it()
    {
        await using var worker = await rig.WorkerAsync();
        var live = await rig.FileAsync(TasksRig.New() with { DedupKey = "d" });
        var duplicate = rig.NewId();

        var filed = await rig.FileAllAsync(TasksRig.New() with { TaskId = duplicate, DedupKey = "d" }, TasksRig.New() with { DependsOn = [duplicate] });

        await TaskRules.CheckAsync(db);
        await worker.SucceedAsync(await worker.ClaimOneAsync(live));
        await worker.ClaimOneAsync(filed[1]);
    }

    [Fact]
    public async Task Two_of_a_filing_with_one_key_are_one_parent()
    {
        await using var worker = await rig.WorkerAsync();
        Guid first = rig.NewId(), second = rig.NewId();

        var filed = await rig.FileAllAsync(TasksRig.New() with { TaskId = first, DedupKey = "d" }, TasksRig.New() with { TaskId = second, DedupKey = "d" },
            TasksRig.New() with { DependsOn = [first, second] });

        await TaskRules.CheckAsync(db);
        await worker.SucceedAsync(await worker.ClaimOneAsync(first));
        await worker.ClaimOneAsync(filed[2]);
    }

    [Theory]
    [InlineData(true, "pending")]
    [InlineData(false, "blocked")]
    public async Task A_child_of_a_task_that_was_filed_and_ended_before_sees_its_end(bool succeeds, string state)
    {
        await using var worker = await rig.WorkerAsync();
        var parent = TasksRig.New() with { TaskId = rig.NewId() };
        await rig.FileAsync(parent);
        await worker.EndAsync(await worker.ClaimOneAsync(parent.TaskId!.Value), succeeds ? TaskResult.Done() : TaskResult.Refuse("no"));

        var filed = await rig.FileAllAsync(parent, TasksRig.New() with { DependsOn = [parent.TaskId.Value] }); // the filing is repeated, with a child more

        Assert.Equal(state, await rig.StateAsync(filed[1]));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_task_with_a_time_to_come_is_scheduled_and_one_with_parents_waits_for_both()
    {
        await using var worker = await rig.WorkerAsync();
        var due = rig.Now + TimeSpan.FromHours(1);
        var later = await rig.FileAsync(TasksRig.New() with { DueAt = due });
        Assert.Equal(("scheduled", due), ((await rig.SeeAsync(later)).State, (await rig.SeeAsync(later)).DueAt!.Value));
        var parent = await rig.FileAsync();
        var child = await rig.FileAsync(TasksRig.New() with { DependsOn = [parent], DueAt = due });

        await worker.SucceedAsync(await worker.ClaimOneAsync(parent));

        Assert.Equal("scheduled", await rig.StateAsync(child));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task Filed_in_a_transaction_that_is_rolled_back_nothing_is_left()
    {
        var parent = await rig.FileAsync();
        NewTask[] tasks = [TasksRig.New() with { DedupKey = "d", ConcurrencyKey = "c", DependsOn = [parent] }, TasksRig.New() with { DeadlineAt = rig.Now + TimeSpan.FromHours(1) }];
        await using (var connection = await db.Source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            Assert.IsType<Filing.Done>(await rig.Get<FileTasks>().RunAsync(connection, transaction, tasks, "test", CancellationToken.None));
            Assert.Equal(3, await connection.ExecuteScalarAsync<long>("select count(*) from governance_tasks", transaction: transaction));
            await transaction.RollbackAsync();
        }

        Assert.Equal("1 0 0 0 0 0 0", await rig.ReadAsync<string>("""
            select concat_ws(' ', (select count(*) from tasks), (select count(*) from task_waiting), (select count(*) from task_dependencies), (select count(*) from task_keys),
                (select count(*) from task_concurrency), (select count(*) from task_slots), (select count(*) from task_deadlines))
            """));
        await TaskRules.CheckAsync(db);
    }

    [Fact]
    public async Task A_handler_may_file_tasks_itself()
    {
        await using var filing = await TasksRig.OnEmptyAsync(db, additions: services => services.AddTaskKind<FilingHandler, Probe>("files"));

        Assert.NotEqual(Guid.Empty, await filing.FileAsync(new NewTask("files", "{}")));
        Assert.NotNull(filing.Get<FilingHandler>());
    }

    sealed class FilingHandler(FileTasks file) : ITaskHandler<Probe>
    {
        public async Task<TaskResult> RunAsync(Probe payload, TaskContext context, CancellationToken ct)
        {
            await file.RunAsync([TasksRig.New()], "handler", ct);
            return TaskResult.Done();
        }
    }
}
