namespace Engine.Tasks;

/// <summary>A table that a list of tasks is read from, from the newest id on: the one in which the tasks that are asked for are.</summary>
/// <param name="Inside">Conditions that an index answers.</param>
/// <param name="Outside">Conditions that are tried row by row; null: none.</param>
/// <param name="Columns">What those look at.</param>
/// <param name="MostRows">Rows that are tried before a page ends short.</param>
sealed record TaskSource(string Table, string? Inside = null, string? Outside = null, string? Columns = null, int MostRows = TaskSource.MostScanned)
{
    const int MostScanned = 100_000, MostLookedUp = 1000;

    /// <summary>Kinds and priorities are lanes; nearly all tasks of few lanes are tried one by one.</summary>
    const string InLanes = "(@kind::text is null and @priority::smallint is null or lane_id = any(array(select lane_id from task_lanes where (@kind is null or kind = @kind) and (@priority is null or priority = @priority))))";

    const string Range = "task_id < @before and task_id >= @after";

    static readonly TaskSource Tasks = new("tasks"), Ready = new("task_ready"), Held = new("task_held"), Leases = new("task_leases"), Due = new("task_due"),
        Waiting = new("task_waiting", Outside: "failed = 0", Columns: "failed"), Orphaned = Waiting with { Outside = "failed > 0" }, Parked = new("task_parked"),
        Approval = new("task_gated", Outside: "waits_for = 'approval'", Columns: "waits_for"), Signal = Approval with { Outside = "waits_for = 'signal'" },
        Succeeded = new("task_attempts", Outside: "final_state = 'succeeded' and reopened_at is null", Columns: "final_state, reopened_at");

    /// <summary>The tasks of these lanes, when they are few: found by lane, whatever the planner thinks of the order of ids.</summary>
    public static readonly TaskSource FewReady = new("(select task_id, lane_id from task_ready where lane_id = any(@lanes) offset 0) f");

    /// <summary>Whether the tasks that can be claimed of those lanes are few: then they are all looked at.</summary>
    public const string FewSql = "select count(*) <= 5000 from (select from task_ready where lane_id = any(@lanes) limit 5001) r";

    public static IReadOnlyList<TaskSource> Of(TaskFilter filter) => filter switch
    {
        { DedupKey: not null } => [Tasks with { Inside = "dedup_key = @dedupKey", Outside = "(@originId::uuid is null or origin_id = @originId)", Columns = "origin_id", MostRows = MostLookedUp }],
        { OriginId: not null } => [Tasks with { Inside = "origin_id = @originId", MostRows = MostLookedUp }],
        { State: null } => [Tasks],
        { State: TaskState.Pending } => [Ready, Held],
        { State: TaskState.Running } => [Leases],
        { State: TaskState.Scheduled } => [Due],
        { State: TaskState.WaitingDependency } => [Waiting],
        { State: TaskState.WaitingApproval } => [Approval],
        { State: TaskState.WaitingSignal } => [Signal],
        { State: TaskState.Blocked } => [Orphaned, Parked],
        { State: TaskState.Succeeded } => [Succeeded],
        { State: { } ended } => [new("task_attempts", Inside: $"final_state = '{ended.Name()}' and reopened_at is null")],
    };

    /// <summary>The ids of a page or, where states have still to be looked up, of all that may be on it.</summary>
    public static string PageSql(IReadOnlyList<TaskSource> sources, TaskFilter filter)
    {
        var limit = filter.IsByKey && filter.State is not null ? $"{MostLookedUp}" : "@count";
        return $"select task_id from ({string.Join(" union all ", sources.Select(s => s.Sql(limit)))}) s order by task_id desc limit {limit}";
    }

    /// <summary>How far down the sources were tried: below it there may be more; null when they were tried to their ends.</summary>
    public static string FrontierSql(IReadOnlyList<TaskSource> sources) =>
        $"select task_id from ({string.Join(" union all ", sources.Select(s => $"(select task_id from {s.Table} where {s.Where} order by task_id desc offset {s.MostRows - 1} limit 1)"))}) s order by task_id desc limit 1";

    string Where => Inside is null ? Range : $"{Range} and {Inside}";

    // The inner limit bounds what is tried, the outer one stops it when the page is full.
    string Sql(string limit) => $"""
        (select task_id from (select task_id, lane_id{(Columns is null ? "" : $", {Columns}")} from {Table} where {Where} order by task_id desc limit {MostRows}) r
        where {(Outside is null ? "" : $"{Outside} and ")}{InLanes} limit {limit})
        """;
}
