using System.Diagnostics;
using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Tasks;

public static class FilingApi
{
    public static void MapFiling(this RouteGroupBuilder tasks)
    {
        tasks.MapPost("", File).RequireAuthorization(Roles.Operator)
            .WithSummary("Files a task. One whose task_id is known, or whose dedup_key a live task has, is not filed again: the answer is 200 with that one.");
        tasks.MapPost("/bulk", FileMany).RequireAuthorization(Roles.Operator).WithSummary("Files many tasks, all of them or none.");
    }

    static async Task<Results<Created<FiledTaskResponse>, Ok<FiledTaskResponse>, ProblemHttpResult>> File(
        FileTaskRequest request, HttpContext http, Idempotency idempotency, FileTasks file, ShowTask show, CancellationToken ct)
    {
        var answer = await FileAsync(http, idempotency, file, request, [request], ct);
        if (answer.Value is not { Tasks: [var filed] }) return answer.Refusal!;
        if (filed.Created) return TypedResults.Created($"/api/tasks/{filed.TaskId}", new FiledTaskResponse(filed.TaskId, true, null));
        var live = await show.RunAsync(filed.TaskId, ct);
        return TypedResults.Ok(new FiledTaskResponse(filed.TaskId, false, live is null ? null : TaskResponse.Of(live.Task)));
    }

    static async Task<Results<Ok<FiledTasksResponse>, ProblemHttpResult>> FileMany(
        FileTasksRequest request, HttpContext http, Idempotency idempotency, FileTasks file, CancellationToken ct)
    {
        var answer = await FileAsync(http, idempotency, file, request, request.Tasks, ct);
        return answer.Value is { } filed ? TypedResults.Ok(filed) : answer.Refusal!;
    }

    /// <summary>Without an Idempotency-Key in one round trip; with one, the answer is kept in the transaction of the filing.</summary>
    static async Task<Answer<FiledTasksResponse>> FileAsync(HttpContext http, Idempotency idempotency, FileTasks file, object request,
        IReadOnlyList<FileTaskRequest> asked, CancellationToken ct)
    {
        var tasks = asked.Select(t => t.Task()).ToArray();
        var filedBy = http.User.Caller().Actor;
        return http.Request.Headers["Idempotency-Key"].ToString().Length == 0
            ? Answer(await file.RunAsync(tasks, filedBy, ct))
            : await idempotency.RunAsync(http, request, async (connection, transaction) => Answer(await file.RunAsync(connection, transaction, tasks, filedBy, ct)), ct);
    }

    static Answer<FiledTasksResponse> Answer(Filing filing) => filing switch
    {
        Filing.Done done => new FiledTasksResponse([.. done.Tasks.Select(t => new FiledResponse(t.TaskId, t.IsNew))]),
        Filing.Refused refused => Refusal.Of(refused.Code, refused.Reason, refused.Code switch
        {
            "payload_too_large" => StatusCodes.Status413PayloadTooLarge,
            "no_such_parent" => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status400BadRequest,
        }),
        var other => throw new UnreachableException($"{other}"),
    };
}

/// <param name="Kind">One that `GET /api/tasks/kinds` lists.</param>
/// <param name="Payload">As the kind's schema says.</param>
/// <param name="TaskId">A UUID of version 7, so that a repeated filing finds itself; null: made by the engine.</param>
/// <param name="Priority">Null: the kind's own.</param>
/// <param name="DedupKey">At most one live task has it. 1 to 500 characters.</param>
/// <param name="DependsOn">Tasks that must succeed first, at most 100; in a bulk also others of the same one, by their task_id.</param>
/// <param name="DueAt">Not before; null: at once.</param>
/// <param name="DeadlineAt">Given up when it has not ended by then.</param>
/// <param name="ConcurrencyKey">At most concurrency_limit tasks with it run at a time. 1 to 500 characters.</param>
/// <param name="ConcurrencyLimit">1 to 1000; the last filing's holds for the key.</param>
/// <param name="Requires">Capabilities that its worker must have on top of the kind's, at most 20.</param>
/// <param name="DryRun">Side effects are described, not done.</param>
/// <param name="OriginId">The task it comes from.</param>
public sealed record FileTaskRequest(string Kind, JsonElement Payload, Guid? TaskId = null, TaskPriority? Priority = null, string? DedupKey = null,
    IReadOnlyList<Guid>? DependsOn = null, DateTimeOffset? DueAt = null, DateTimeOffset? DeadlineAt = null, string? ConcurrencyKey = null, int ConcurrencyLimit = 1,
    IReadOnlyList<string>? Requires = null, bool DryRun = false, Guid? OriginId = null)
{
    internal NewTask Task() => new(Kind, Payload.GetRawText())
    {
        TaskId = TaskId, Priority = Priority, DedupKey = DedupKey, DependsOn = DependsOn ?? [], DueAt = DueAt?.ToUniversalTime(), DeadlineAt = DeadlineAt?.ToUniversalTime(),
        ConcurrencyKey = ConcurrencyKey, ConcurrencyLimit = ConcurrencyLimit, Requires = Requires ?? [], DryRun = DryRun, OriginId = OriginId,
    };
}

/// <param name="Tasks">In any order; up to Engine:Tasks:MaxTasksPerFiling.</param>
public sealed record FileTasksRequest(IReadOnlyList<FileTaskRequest> Tasks);

/// <param name="Created">False when a task had its task_id already, or a live one has its dedup_key.</param>
/// <param name="Task">That other task; null when this one was created.</param>
public sealed record FiledTaskResponse(Guid TaskId, bool Created, TaskResponse? Task);

/// <param name="Tasks">In the order they were given.</param>
public sealed record FiledTasksResponse(IReadOnlyList<FiledResponse> Tasks);

/// <param name="Created">False when a task had its task_id already, or a live one, or an earlier one of the same bulk, has its dedup_key.</param>
public sealed record FiledResponse(Guid TaskId, bool Created);
