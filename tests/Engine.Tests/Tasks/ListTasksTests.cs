using Engine.Http;
using Engine.Tasks;
using Support;

namespace Engine.Tests.Tasks;

public sealed class ListTasksTests(IdleEngine engine) : IClassFixture<IdleEngine>, IAsyncLifetime
{
    public Task InitializeAsync() => engine.ExecuteAsync("""
        delete from tasks; delete from task_ready; delete from task_leases; delete from task_due; delete from task_held; delete from task_waiting;
        delete from task_gated; delete from task_parked; delete from task_attempts; delete from task_keys; delete from task_notes; delete from task_gates
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Each_filter_finds_what_governance_tasks_says_and_nothing_else()
    {
        await FillAsync(tasksInEachState: 3);
        var all = await engine.QueryAsync<Seen>("select task_id, kind, state, priority, dedup_key, origin_id, filed_at from governance_tasks order by task_id desc");
        var states = all.Select(t => t.State).Distinct().ToArray();
        Assert.Equal(TaskStates.All.Order(), states.Order()); // there are some in every state

        Assert.Equal(all.Select(t => t.TaskId), await IdsAsync("/api/tasks?limit=7"));
        foreach (var state in states)
        {
            Assert.Equal(all.Where(t => t.State == state), await SeenAsync($"/api/tasks?state={state}&limit=2"));
            foreach (var kind in new[] { IdleEngine.Probe, IdleEngine.Other })
                Assert.Equal(all.Where(t => t.State == state && t.Kind == kind).Select(t => t.TaskId), await IdsAsync($"/api/tasks?state={state}&kind={kind}&limit=1"));
            Assert.Equal(all.Where(t => t.State == state && t.DedupKey == "key 1").Select(t => t.TaskId), await IdsAsync($"/api/tasks?state={state}&dedup_key=key%201"));
        }
        Assert.Equal(all.Where(t => t.Priority == "high").Select(t => t.TaskId), await IdsAsync("/api/tasks?priority=high&limit=5"));
        Assert.Equal(all.Where(t => t.DedupKey == "key 1").Select(t => t.TaskId), await IdsAsync("/api/tasks?dedup_key=key%201&limit=4"));
        Assert.Equal(all.Where(t => t.OriginId is not null).Select(t => t.TaskId), await IdsAsync($"/api/tasks?origin_id={Origin}&limit=4"));
        Assert.Equal(all.Where(t => t.OriginId is not null && t.DedupKey == "key 2").Select(t => t.TaskId), await IdsAsync($"/api/tasks?origin_id={Origin}&dedup_key=key%202"));
        var (from, to) = (all[^5].FiledAt, all[4].FiledAt);
        Assert.Equal(all.Where(t => t.FiledAt >= from && t.FiledAt < to).Select(t => t.TaskId),
            await IdsAsync($"/api/tasks?filed_after={from.UtcDateTime:O}&filed_before={to.UtcDateTime:O}&limit=3"));
    }

    [Fact]
    public async Task Few_tasks_of_a_kind_among_very_many_are_found_page_by_page_without_a_long_search()
    {
        var rare = await engine.FileAsync(IdleEngine.Other);
        await engine.FileAsync();
        await engine.ExecuteAsync("""
            with filed as (
                insert into tasks (task_id, lane_id, filed_at, filed_by, payload)
                select (lpad(to_hex(extract(epoch from t.filed_at)::bigint * 1000 + n), 12, '0') || '7000a000' || lpad(to_hex(n), 12, '0'))::uuid, t.lane_id, t.filed_at, 'test', '{}'
                from tasks t join task_lanes l on l.lane_id = t.lane_id cross join generate_series(1, 150000) n where l.kind = 'probe'
                returning task_id, lane_id, filed_at
            )
            insert into task_ready (task_id, epoch, ready_at, lane_id) select task_id, 0, filed_at, lane_id from filed
            """);

        var first = await engine.GetAsync<Page<TaskResponse>>("/api/tasks?kind=other");
        var pending = await engine.GetAsync<Page<TaskResponse>>("/api/tasks?kind=other&state=pending");

        Assert.Empty(first.Items);
        Assert.NotNull(first.NextPageToken); // a hundred thousand were tried: the search goes on there
        Assert.Equal([rare], await IdsAsync("/api/tasks?kind=other"));
        Assert.Equal([rare], pending.Items.Select(t => t.TaskId)); // those that can be claimed are found by kind
        Assert.Null(pending.NextPageToken);
    }

    [Theory]
    [InlineData("state=asleep", "state must be one of pending, running")]
    [InlineData("priority=urgent", "priority must be one of critical")]
    [InlineData("limit=201", "limit")]
    [InlineData("kind=a%00b", "U+0000")]
    [InlineData("origin_id=12", "originId")]
    [InlineData("filed_after=yesterday", "filedAfter")]
    public async Task A_filter_that_cannot_be_is_refused(string query, string mentions)
    {
        var problem = await (await engine.Admin.GetAsync($"/api/tasks?{query}")).ProblemAsync();

        Assert.Equal((400, "invalid_request"), (problem.Status, problem.Code));
        Assert.Contains(mentions, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_token_of_other_filters_is_refused()
    {
        for (var i = 0; i < 3; i++) await engine.FileAsync();
        var page = await engine.GetAsync<Page<TaskResponse>>("/api/tasks?state=pending&limit=1");

        var problem = await (await engine.Admin.GetAsync($"/api/tasks?state=dead&page_token={page.NextPageToken}")).ProblemAsync();

        Assert.Equal((400, "page_token_mismatch"), (problem.Status, problem.Code));
    }

    const string Origin = "01980000-0000-7000-8000-00000000000a";

    /// <summary>Of all pages.</summary>
    async Task<IEnumerable<Guid>> IdsAsync(string path) => (await engine.AllAsync<TaskResponse>(path)).Select(t => t.TaskId);

    async Task<IEnumerable<Seen>> SeenAsync(string path) =>
        (await engine.AllAsync<TaskResponse>(path)).Select(t => new Seen(t.TaskId, t.Kind, t.State.Name(), t.Priority.Name(), t.DedupKey, t.OriginId, t.FiledAt));

    /// <summary>Some of both kinds in every state, by SQL: what the states are made of is what is tested.</summary>
    async Task FillAsync(int tasksInEachState)
    {
        string[] places =
        [
            "insert into task_ready (task_id, epoch, ready_at, lane_id) values (@taskId, 0, @at, @lane)",
            "insert into task_held (task_id, concurrency_key, held_at, epoch, lane_id, flags) values (@taskId, 'k', @at, 0, @lane, 4)",
            "insert into task_leases (task_id, epoch, worker_id, claimed_at, lane_id, failures, losses, flags) values (@taskId, 2, 7, @at, @lane, 0, 0, 0)",
            "insert into task_due (task_id, due_at, epoch, lane_id, reason) values (@taskId, timestamptz '2099-01-01', 1, @lane, 'retry')",
            "insert into task_waiting (task_id, open, failed, lane_id) values (@taskId, 1, 0, @lane)",
            "insert into task_waiting (task_id, open, failed, lane_id) values (@taskId, 1, 1, @lane)",
            "insert into task_gated (task_id, gate, waits_for, opened_at, epoch, lane_id) values (@taskId, 'ship', 'approval', @at, 1, @lane)",
            "insert into task_gated (task_id, gate, waits_for, opened_at, epoch, lane_id) values (@taskId, 'ready', 'signal', @at, 1, @lane)",
            "insert into task_parked (task_id, parked_at, reason, epoch, lane_id) values (@taskId, @at, 'why', 1, @lane)",
            .. new[] { "succeeded", "failed", "cancelled", "dead" }.Select(end =>
                $"insert into task_attempts (task_id, epoch, worker_id, claimed_at, ended_at, lane_id, outcome, final_state) values (@taskId, 1, 7, @at, @at, @lane, '{end}', '{end}')"),
            """
            insert into task_attempts (task_id, epoch, ended_at, lane_id, outcome, final_state, reopened_at) values (@taskId, 1, @at, @lane, 'dead', 'dead', @at);
            insert into task_ready (task_id, epoch, ready_at, lane_id) values (@taskId, 1, @at, @lane)
            """,
        ];
        await engine.FileAsync();
        await engine.FileAsync(IdleEngine.Other); // both lanes are there now
        var lanes = await engine.QueryAsync<int>("select lane_id from task_lanes where kind in ('probe', 'other') order by kind");
        var at = new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);
        for (var n = 0; n < tasksInEachState * places.Length; n++)
        {
            at += TimeSpan.FromSeconds(1);
            var parameters = new { taskId = Guid.CreateVersion7(at), at, lane = lanes[n % 3 == 0 ? 0 : 1], key = n % 4 == 0 ? "key 1" : n % 4 == 1 ? "key 2" : null, origin = n % 5 == 0 ? Guid.Parse(Origin) : (Guid?)null };
            await engine.ExecuteAsync("insert into tasks (task_id, lane_id, filed_at, filed_by, dedup_key, origin_id, payload) values (@taskId, @lane, @at, 'test', @key, @origin, '{}');"
                + places[n % places.Length], parameters);
        }
    }

    sealed record Seen(Guid TaskId, string Kind, string State, string Priority, string? DedupKey, Guid? OriginId, DateTimeOffset FiledAt);
}
