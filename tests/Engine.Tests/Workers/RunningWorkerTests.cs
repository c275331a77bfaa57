using Dapper;
using Engine.Tasks;
using Engine.Workers;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Workers;

/// <summary>A whole engine with its loop, and handlers that behave well and badly.</summary>
public sealed class RunningWorkerTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    readonly EngineServer engine = new();
    readonly WorkKinds kinds = new();

    public async Task InitializeAsync()
    {
        engine.Additions = kinds.AddTo;
        engine.Environment["ENGINE__WORKERS__SLOTS"] = "4";
        engine.Environment["ENGINE__WORKERS__DRAINTIMEOUT"] = "00:00:00.3";
        await engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Theory]
    [InlineData("fine", "succeeded", null)]
    [InlineData("throw", "waiting_approval", "InvalidOperationException: it broke")]
    [InlineData("timeout", "scheduled", "TimeoutException: too slow")]
    [InlineData("nonsense", "waiting_approval", "The handler returned a result that is not JSON.")]
    [InlineData("nothing", "waiting_approval", "The handler returned null.")]
    [InlineData("lost", "waiting_approval", "The handler says that its worker was lost (elsewhere), which only the engine can know.")]
    [InlineData("zero", "succeeded", null)]
    [InlineData("speechless", "blocked", null)]
    [InlineData("effect", "succeeded", null)]
    [InlineData("doubt", "succeeded", null)] // it was not sure that it still owned the task: given back, uncharged
    [InlineData("snooze", "succeeded", null)]
    public async Task What_a_handler_does_decides_the_state_and_the_loop_goes_on(string how, string state, string? error)
    {
        var taskId = await FileAsync("work", how);

        await StateAsync(taskId, state);

        Assert.Equal(error, await ScalarAsync<string?>("select error from task_attempts where task_id = @taskId order by epoch limit 1", taskId));
        await StateAsync(await FileAsync("work", "fine"), "succeeded");
    }

    [Fact]
    public async Task An_attempt_that_outlives_its_limit_and_does_not_stop_is_ended_and_its_slot_replaced()
    {
        for (var i = 0; i < 6; i++) await StateAsync(await FileAsync("work", "fine"), "succeeded"); // a worker of good health
        var stuck = new List<Guid>();
        for (var i = 0; i < 5; i++) stuck.Add(await FileAsync("short", "block")); // more than there are slots

        foreach (var taskId in stuck) await StateAsync(taskId, "waiting_approval", TimeSpan.FromSeconds(30));
        await StateAsync(await FileAsync("work", "fine"), "succeeded");

        Assert.Contains("ran past its limit of 00:00:01 and did not stop", await ScalarAsync<string>("select error from task_attempts where task_id = @taskId", stuck[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kind_that_only_fails_stands_still_alone_and_the_worker_goes_on_with_others()
    {
        for (var i = 0; i < 12; i++) await FileAsync("work", "timeout");
        await Eventually.TrueAsync(async () => await ScalarAsync<long>("select count(*) from task_breakers where kind = 'work' and state = 'open'", Guid.Empty) == 1, Soon, "the kind stands still");

        await StateAsync(await FileAsync("short", "fine"), "succeeded");
    }

    [Fact]
    public async Task A_failure_whose_text_is_cut_within_a_character_is_told_and_the_loop_goes_on()
    {
        await StateAsync(await FileAsync("work", "half"), "waiting_approval");

        await StateAsync(await FileAsync("work", "fine"), "succeeded");
    }

    [Fact]
    public async Task A_handler_that_is_slow_to_stop_does_not_keep_the_worker_from_its_other_tasks()
    {
        await FileAsync("short", "stubborn");
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Effects.Contains("told to stop")), Soon, "it was told");

        await StateAsync(await FileAsync("work", "fine"), "succeeded", TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_late_end_of_an_earlier_attempt_does_not_hide_the_one_that_runs_now()
    {
        var taskId = await FileAsync("work", "again");
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.ContainsKey(taskId)), Soon, "it runs");
        await engine.Services.GetRequiredService<ReassignTask>().RunAsync(taskId, null, "test", null, CancellationToken.None);
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting[taskId].Epoch == 2), Soon, "it runs again, with the only worker there is");

        kinds.FirstMayEnd.SetResult();
        await Eventually.TrueAsync(async () => await ScalarAsync<long>("select count(*) from audit_log where action = 'task.finish_refused'", taskId) == 1, Soon, "the first was refused");
        await engine.Services.GetRequiredService<CancelTask>().RunAsync(taskId, null, "test", null, CancellationToken.None);

        await Eventually.TrueAsync(() => Task.FromResult(kinds.Effects.Contains("told 2")), Soon, "the second is told to stop");
    }

    [Fact]
    public async Task An_attempt_that_outlives_its_limit_and_stops_is_retried()
    {
        var taskId = await FileAsync("short", "wait");

        await StateAsync(taskId, "scheduled");

        Assert.Equal("ran past its limit of 00:00:01", await ScalarAsync<string>("select error from task_attempts where task_id = @taskId order by epoch limit 1", taskId));
    }

    [Fact]
    public async Task One_duty_that_cannot_be_done_does_not_keep_the_others_from_being_done()
    {
        await StateAsync(await FileAsync("work", "fine"), "succeeded");
        await using (var connection = await engine.Database.Owner.OpenConnectionAsync())
            await connection.ExecuteAsync("alter table workers rename column process_id to process"); // what rescues reads

        await StateAsync(await FileAsync("work", "snooze"), "succeeded");
    }

    [Fact]
    public async Task A_dry_run_describes_its_effects_and_does_none()
    {
        var taskId = await FileAsync("work", "effect", task => task with { DryRun = true });

        await StateAsync(taskId, "succeeded");

        Assert.Empty(kinds.Effects);
        Assert.Equal("would_do", await ScalarAsync<string>("select event from task_notes where task_id = @taskId", taskId));
    }

    [Fact]
    public async Task An_effect_is_noted_before_it_is_done_with_the_key_that_deduplicates_it()
    {
        var taskId = await FileAsync("work", "effect");

        await StateAsync(taskId, "succeeded");

        Assert.Equal($"{taskId:N}:write it", Assert.Single(kinds.Effects));
        Assert.Equal($"{taskId:N}:write it", await ScalarAsync<string>("select detail->>'key' from task_notes where task_id = @taskId and event = 'doing'", taskId));
    }

    [Fact]
    public async Task A_stopped_engine_gives_back_what_runs_and_what_waits_uncharged_and_leaves()
    {
        var tasks = new List<Guid>();
        for (var i = 0; i < 12; i++) tasks.Add(await FileAsync("work", "wait"));
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.Count == 4), Soon, "four run");

        await engine.StopAsync();

        Assert.Equal(12L, await ScalarAsync<long>("select count(*) from task_ready where failures = 0 and losses = 0", Guid.Empty));
        Assert.Equal(0L, await ScalarAsync<long>("select count(*) from task_leases", Guid.Empty));
        Assert.Equal("offline", await ScalarAsync<string>("select state from workers", Guid.Empty));
    }

    [Fact]
    public async Task An_owner_knows_that_it_is_none_any_more_and_may_not_write()
    {
        var taskId = await FileAsync("work", "wait");
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.ContainsKey(taskId)), Soon, "it runs");
        var context = kinds.Waiting[taskId];
        Assert.True(await context.StillOwnerAsync(CancellationToken.None));

        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("update task_leases set epoch = epoch + 1");

        Assert.False(await context.StillOwnerAsync(CancellationToken.None));
        await Assert.ThrowsAsync<NotOwnerException>(() => context.NoteAsync("late", null, CancellationToken.None));
        await Assert.ThrowsAsync<NotOwnerException>(() => context.DoAsync("too late", (_, _) => throw new InvalidOperationException("acted"), CancellationToken.None));
    }

    [Fact]
    public async Task A_worker_that_others_gave_up_stops_what_it_does_and_begins_anew_as_another()
    {
        var taskId = await FileAsync("work", "wait");
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.ContainsKey(taskId)), Soon, "it runs");
        var workers = engine.Services.GetRequiredService<RunWorkers>();
        var before = workers.WorkerId;

        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("update workers set state = 'failed', lease_until = 'epoch', beat_at = 'epoch'");

        await Eventually.TrueAsync(async () => workers.WorkerId is { } now && now != before
            && await ScalarAsync<long>("select epoch from task_leases where task_id = @taskId", taskId) == 2, Soon, "another incarnation has the task");
        Assert.Equal("offline", await ScalarAsync<string>($"select state from workers where worker_id = {before}", taskId)); // its process lives and says so: no death
    }

    [Fact]
    public async Task A_handler_that_outlives_the_stop_of_its_engine_goes_to_another_as_no_loss()
    {
        var taskId = await FileAsync("work", "block");
        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.ContainsKey(taskId)), Soon, "it runs");
        await engine.StopAsync();
        await using (var connection = await engine.Database.Owner.OpenConnectionAsync())
            await connection.ExecuteAsync("update workers set lease_until = 'epoch', beat_at = 'epoch'");

        await using var other = new OtherEngine(engine, kinds);
        await other.StartAsync();

        await Eventually.TrueAsync(async () => await ScalarAsync<long>("select count(*) from task_leases where task_id = @taskId and epoch = 2 and losses = 0", taskId) == 1, Soon, "another has it");
        Assert.Equal("returned", await ScalarAsync<string>("select outcome from task_attempts where task_id = @taskId", taskId));
    }

    [Fact]
    public async Task Two_engines_share_long_tasks_instead_of_one_taking_them_ahead()
    {
        await using var other = new OtherEngine(engine, kinds);
        await other.StartAsync();
        for (var i = 0; i < 8; i++) await FileAsync("work", "wait");

        await Eventually.TrueAsync(() => Task.FromResult(kinds.Waiting.Count == 8), Soon, "all eight run, four on each");
        Assert.Equal(2L, await ScalarAsync<long>("select count(distinct worker_id) from task_leases", Guid.Empty));
    }

    [Theory]
    [InlineData("task_leases", "53300")]
    [InlineData("task_attempts", "40P01")]
    [InlineData("task_leases", "40001")]
    [InlineData("task_attempts", "57P01")]
    public async Task An_error_of_the_database_in_the_middle_of_an_exchange_is_lived_through_uncharged(string table, string sqlState)
    {
        await StateAsync(await FileAsync("work", "fine"), "succeeded");
        await using (var connection = await engine.Database.Owner.OpenConnectionAsync())
            await connection.ExecuteAsync($$"""
                create sequence injected; grant usage on sequence injected to engine;
                create function inject() returns trigger language plpgsql as $f$
                begin
                    if nextval('injected') <= 2 then raise exception 'injected' using errcode = '{{sqlState}}'; end if;
                    return coalesce(new, old);
                end $f$;
                create trigger inject before delete on {{table}} for each row execute function inject();
                create trigger inject_too before insert on {{table}} for each row execute function inject();
                """);
        var tasks = new List<Guid>();
        for (var i = 0; i < 6; i++) tasks.Add(await FileAsync("work", "fine"));

        foreach (var taskId in tasks) await StateAsync(taskId, "succeeded");

        Assert.Equal(0L, await ScalarAsync<long>("select count(*) from task_attempts where outcome <> 'succeeded'", Guid.Empty));
    }

    async Task<Guid> FileAsync(string kind, string how, Func<NewTask, NewTask>? with = null)
    {
        var task = new NewTask(kind, $$"""{"how":"{{how}}"}""");
        var filing = await engine.Services.GetRequiredService<FileTasks>().RunAsync([with is null ? task : with(task)], "test", CancellationToken.None);
        return Assert.IsType<Filing.Done>(filing).Tasks[0].TaskId;
    }

    Task StateAsync(Guid taskId, string state, TimeSpan? within = null) =>
        Eventually.TrueAsync(async () => await ScalarAsync<string>("select state from governance_tasks where task_id = @taskId", taskId) == state, within ?? Soon, $"task {taskId} is {state}");

    async Task<T> ScalarAsync<T>(string sql, Guid taskId)
    {
        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, new { taskId }))!;
    }

    /// <summary>A second engine on the same database.</summary>
    sealed class OtherEngine(EngineServer first, WorkKinds kinds) : IAsyncDisposable
    {
        readonly TempFolder data = new();
        Engine.Hosting.EngineHost? host;

        public async Task StartAsync() => host = await Engine.Hosting.EngineHost.StartAsync(Engine.Hosting.Configuration.EngineSettings.Load(null, new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = data.Path,
            ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
            ["ENGINE__WORKERS__SLOTS"] = "4",
            ["ENGINE__WORKERS__DRAINTIMEOUT"] = "00:00:00",
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = first.Database.EngineConnectionString,
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = first.Database.OwnerConnectionString,
        }), kinds.AddTo, CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            if (host is not null) await host.DisposeAsync();
            data.Dispose();
        }
    }
}
