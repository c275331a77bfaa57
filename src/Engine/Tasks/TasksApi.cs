using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Engine.Tasks.Events;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Tasks;

public static class TasksApi
{
    const int MostWaitSeconds = 60;

    public static void MapTasks(this IEndpointRouteBuilder app)
    {
        var tasks = app.MapGroup("/api/tasks").WithTags("tasks").RequireAuthorization(Roles.Reader);
        tasks.MapFiling();
        tasks.MapMoves();
        tasks.MapTaskEvents();
        tasks.MapGet("", List).WithSummary("Lists tasks, newest id first. A page may be short, even empty, and still name a next one: few of many tasks are what was asked for.");
        tasks.MapGet("/kinds", Kinds).WithSummary("Lists the kinds of tasks that this engine knows, with the JSON schema of their payloads.");
        tasks.MapGet("/{taskId:guid}", Show).WithSummary("A task with payload, result, gates and attempts.");
        tasks.MapGet("/{taskId:guid}/timeline", Timeline).WithSummary("Lists what happened to a task, oldest first.");
        tasks.MapGet("/{taskId:guid}/wait", Wait).WithSummary("The task as soon as it has ended, or as it is when the time is over.");
    }

    static async Task<Results<Ok<Page<TaskResponse>>, ProblemHttpResult>> List(ListTasks list, CancellationToken ct, string? state = null, string? kind = null, string? priority = null,
        [FromQuery(Name = "dedup_key")] string? dedupKey = null, [FromQuery(Name = "origin_id")] Guid? originId = null,
        [FromQuery(Name = "filed_after")] DateTimeOffset? filedAfter = null, [FromQuery(Name = "filed_before")] DateTimeOffset? filedBefore = null,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        var filter = new TaskFilter(Kind: Given(kind), DedupKey: Given(dedupKey), OriginId: originId, FiledAfter: filedAfter, FiledBefore: filedBefore);
        if (Given(state) is { } stateName && (filter = filter with { State = TaskStates.Find(stateName) }).State is null)
            return Refusal.Invalid($"state must be one of {string.Join(", ", TaskStates.All)}, is \"{stateName}\".");
        if (Given(priority) is { } priorityName && (filter = filter with { Priority = TaskPriorities.Find(priorityName) }).Priority is null)
            return Refusal.Invalid($"priority must be one of {string.Join(", ", TaskPriorities.All)}, is \"{priorityName}\".");
        if (filter.Kind?.Contains('\0') == true || filter.DedupKey?.Contains('\0') == true) return Refusal.Invalid("A filter must not hold the character U+0000; no task does.");
        var query = JsonSerializer.Serialize(new { list = "tasks", filter });
        if (PageRequest.Read(pageToken, limit, query, keys: 1, out var page) is { } refusal) return refusal;
        Guid? before = null;
        if (!page.IsFirst)
        {
            if (!Guid.TryParse(page.After[0], out var last)) return PageRequest.NotOurs();
            before = last;
        }
        var found = await list.RunAsync(filter, before, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(found.Tasks, TaskResponse.Of, task => [$"{task.TaskId}"], found.TriedTo is { } tried ? [$"{tried}"] : null));
    }

    static Ok<TaskKindsResponse> Kinds(TaskKinds kinds) =>
        TypedResults.Ok(new TaskKindsResponse([.. kinds.All.OrderBy(k => k.Name, StringComparer.Ordinal).Select(TaskKindResponse.Of)]));

    static async Task<Results<Ok<ShownTaskResponse>, ProblemHttpResult>> Show(Guid taskId, ShowTask show, CancellationToken ct) =>
        await show.RunAsync(taskId, ct) is { } shown ? TypedResults.Ok(ShownTaskResponse.Of(shown)) : NoSuch(taskId);

    static async Task<Results<Ok<Page<TaskEventResponse>>, ProblemHttpResult>> Timeline(Guid taskId, ReadTimeline read, TaskLanes lanes, CancellationToken ct,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, $"timeline of {taskId}", TimelinePlace.Keys, out var page) is { } refusal) return refusal;
        var after = page.IsFirst ? null : TimelinePlace.Read(page.After);
        if (!page.IsFirst && after is null) return PageRequest.NotOurs();
        if (await read.RunAsync(taskId, after, page.Limit + 1, ct) is not { } events) return NoSuch(taskId);
        var kind = events.Count == 0 ? "" : (await lanes.FindAsync(events[0].LaneId, ct)).Kind;
        return TypedResults.Ok(page.Of(events, e => TaskEventResponse.Of(e, kind), TimelinePlace.Key));
    }

    static async Task<Results<Ok<TaskResponse>, ProblemHttpResult>> Wait(Guid taskId, ShowTask show, WatchEnds watch, CancellationToken ct, int timeout = 30)
    {
        if (timeout is < 0 or > MostWaitSeconds) return Refusal.Invalid($"timeout must be from 0 to {MostWaitSeconds} seconds, is {timeout}.");
        if (await show.RunAsync(taskId, ct) is not { } shown) return NoSuch(taskId);
        var task = TaskResponse.Of(shown.Task);
        if (task.State.IsEnded() || !await watch.RunAsync(taskId, TimeSpan.FromSeconds(timeout), ct)) return TypedResults.Ok(task);
        return await show.RunAsync(taskId, ct) is { } ended ? TypedResults.Ok(TaskResponse.Of(ended.Task)) : NoSuch(taskId);
    }

    internal static ProblemHttpResult NoSuch(Guid taskId) => Refusal.NotFound($"task {taskId}");

    static string? Given(string? filter) => string.IsNullOrEmpty(filter) ? null : filter;
}

public sealed record TaskKindsResponse(IReadOnlyList<TaskKindResponse> Kinds);
