using Dapper;
using Support;

namespace Engine.Tests.Tasks;

/// <summary>What must hold of all rows whenever nobody is at them (I10 and what it stands on); each rule is a query for what breaks it.</summary>
static class TaskRules
{
    const string Live = """
        select task_id, epoch, lane_id, flags, 'ready' as place from task_ready
        union all select task_id, epoch, lane_id, flags, 'leased' from task_leases
        union all select task_id, epoch, lane_id, flags, 'due' from task_due
        union all select task_id, epoch, lane_id, flags, 'held' from task_held
        union all select task_id, epoch, lane_id, flags, 'waiting' from task_waiting
        union all select task_id, epoch, lane_id, flags, 'gated' from task_gated
        union all select task_id, epoch, lane_id, flags, 'parked' from task_parked
        """;

    const string Ended = "select task_id, epoch, final_state from task_attempts where final_state is not null and reopened_at is null";

    static readonly (string Rule, string Breaches)[] All =
    [
        ("a task is in one place, or has ended once", $"""
            select t.task_id || ': ' || coalesce(string_agg(p.place, ', '), 'nowhere') from tasks t
            left join (select task_id, place from ({Live}) l union all select task_id, final_state from ({Ended}) e) p on p.task_id = t.task_id
            group by t.task_id having count(p.place) <> 1
            """),
        ("a row is of a task", $"select l.task_id::text from ({Live}) l where not exists (select from tasks t where t.task_id = l.task_id)"),
        ("every claim has ended once, but the last of a running task", $"""
            select l.task_id || ' ' || l.place || ' at epoch ' || l.epoch || ', ' || count(a.epoch) || ' ends up to ' || coalesce(max(a.epoch), 0)
            from ({Live}) l left join task_attempts a on a.task_id = l.task_id
            group by l.task_id, l.place, l.epoch
            having count(a.epoch) <> l.epoch - (l.place = 'leased')::integer or coalesce(max(a.epoch), 0) <> l.epoch - (l.place = 'leased')::integer
            """),
        ("an ended task has no end after its last", $"""
            select e.task_id || ' ended at ' || e.epoch from ({Ended}) e
            where (select count(*) from task_attempts a where a.task_id = e.task_id) <> e.epoch
                or exists (select from task_attempts a where a.task_id = e.task_id and a.epoch > e.epoch)
            """),
        ("open and failed count the parents", """
            select w.task_id || ' counts ' || w.open || ' and ' || w.failed || ', has ' || count(d.child_id) filter (where d.settled is distinct from 'succeeded')
                || ' and ' || count(d.child_id) filter (where d.settled = 'failed')
            from task_waiting w left join task_dependencies d on d.child_id = w.task_id group by w.task_id, w.open, w.failed
            having w.open <> count(d.child_id) filter (where d.settled is distinct from 'succeeded') or w.failed <> count(d.child_id) filter (where d.settled = 'failed')
                or w.open = 0
            """),
        ("an edge is settled as its parent ended", $"""
            select d.child_id || ' on ' || d.parent_id || ' is ' || coalesce(d.settled, 'open') || ', the parent ' || coalesce(e.final_state, 'lives') from task_dependencies d
            left join ({Ended}) e on e.task_id = d.parent_id
            where d.settled is distinct from case when e.final_state = 'succeeded' then 'succeeded' when e.final_state is not null then 'failed' end
            """),
        ("only tasks whose parents all succeeded are past waiting", $"""
            select l.task_id || ' is ' || l.place from ({Live}) l
            where l.place <> 'waiting' and exists (select from task_dependencies d where d.child_id = l.task_id and d.settled is distinct from 'succeeded')
            """),
        ("a live parent knows that it has children", $"""
            select l.task_id || ' has flags ' || l.flags from ({Live}) l
            where l.flags & 1 = 0 and exists (select from task_dependencies d where d.parent_id = l.task_id and d.settled is null)
            """),
        ("flags say whether there is a key", $"""
            select l.task_id || ' has flags ' || l.flags from ({Live}) l join tasks t on t.task_id = l.task_id
            where (l.flags & 2 <> 0) <> (t.dedup_key is not null) or (l.flags & 4 <> 0) <> (t.concurrency_key is not null)
            """),
        ("a dedup key is its live task's", $"""
            select coalesce(k.dedup_key, t.dedup_key) || ' of ' || coalesce(k.task_id, t.task_id) from task_keys k
            full join (select t.task_id, t.dedup_key from tasks t join ({Live}) l on l.task_id = t.task_id where t.dedup_key is not null) t
                on t.task_id = k.task_id and t.dedup_key = k.dedup_key
            where k.task_id is null or t.task_id is null
            """),
        ("a slot is taken by each task that may run, and by no other", $"""
            select coalesce(s.concurrency_key, t.concurrency_key) || ': slot of ' || coalesce(s.task_id::text, 'nobody') || ', task ' || coalesce(t.task_id::text, 'none')
            from (select * from task_slots where task_id is not null) s
            full join (select t.task_id, t.concurrency_key from tasks t join ({Live}) l on l.task_id = t.task_id
                where t.concurrency_key is not null and l.place in ('ready', 'leased')) t on t.task_id = s.task_id and t.concurrency_key = s.concurrency_key
            where s.task_id is null or t.task_id is null
            """),
        ("a gated task's gate is open at its epoch", """
            select g.task_id || ' at ' || g.gate from task_gated g left join task_gates o on o.task_id = g.task_id and o.gate = g.gate
            where o.epoch is distinct from g.epoch or o.decision is not null
            """),
        ("a live task with a deadline will be looked at", $"""
            select t.task_id::text from tasks t join ({Live}) l on l.task_id = t.task_id
            where t.deadline_at is not null and not exists (select from task_deadlines d where d.task_id = t.task_id)
            """),
    ];

    /// <summary>Fails with every rule that is broken and where.</summary>
    public static async Task CheckAsync(TestDatabase db)
    {
        var broken = await BrokenAsync(db);
        Assert.True(broken.Count == 0, string.Join("\n", broken));
    }

    public static async Task<List<string>> BrokenAsync(TestDatabase db)
    {
        var broken = new List<string>();
        await using var connection = await db.Owner.OpenConnectionAsync();
        foreach (var (rule, breaches) in All)
            foreach (var breach in await connection.QueryAsync<string>($"select * from ({breaches}) b limit 5"))
                broken.Add($"{rule}: {breach}");
        return broken;
    }
}
