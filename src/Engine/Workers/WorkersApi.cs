using System.Diagnostics;
using System.Globalization;
using Engine.Access;
using Engine.Http;
using Engine.Tasks;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Workers;

public static class WorkersApi
{
    public static void MapWorkers(this IEndpointRouteBuilder app)
    {
        var engine = app.MapGroup("/api/engine").WithTags("engine").RequireAuthorization(Roles.Reader);
        engine.MapEngineMode();
        engine.MapGet("/workers", List).WithSummary("Lists workers, the latest first: each is one start of one process. alive=true leaves out those that are gone.");
        engine.MapPost("/workers/{workerId:long}/drain", Drain).RequireAuthorization(Roles.Operator).WithSummary("Tells a worker to take nothing new; what it runs goes on.");
        engine.MapPost("/workers/{workerId:long}/resume", Resume).RequireAuthorization(Roles.Operator).WithSummary("Lets a worker that was drained take tasks again.");
        engine.MapGet("/assignments", Assignments).WithSummary("Lists who runs what, newest task first; worker_id filters.");
        engine.MapPost("/reassign/{taskId:guid}", Reassign).RequireAuthorization(Roles.Operator).WithSummary("Takes a running task from its worker, for another one to run.");
    }

    static async Task<Results<Ok<Page<WorkerResponse>>, ProblemHttpResult>> List(ListWorkers list, TimeProvider time, CancellationToken ct, bool alive = false,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, $"workers {alive}", keys: 1, out var page) is { } refusal) return refusal;
        long? before = null;
        if (!page.IsFirst)
        {
            if (!long.TryParse(page.After[0], NumberStyles.None, CultureInfo.InvariantCulture, out var last)) return PageRequest.NotOurs();
            before = last;
        }
        var rows = await list.RunAsync(alive, before, page.Limit + 1, ct);
        var now = time.GetUtcNow();
        return TypedResults.Ok(page.Of(rows, row => WorkerResponse.Of(row, now), row => [row.WorkerId.ToString(CultureInfo.InvariantCulture)]));
    }

    static Task<Results<Ok<WorkerResponse>, ProblemHttpResult>> Drain(long workerId, HttpContext http, DrainWorker drain, ListWorkers list, TimeProvider time, CancellationToken ct) =>
        DrainAsync(workerId, true, http, drain, list, time, ct);

    static Task<Results<Ok<WorkerResponse>, ProblemHttpResult>> Resume(long workerId, HttpContext http, DrainWorker drain, ListWorkers list, TimeProvider time, CancellationToken ct) =>
        DrainAsync(workerId, false, http, drain, list, time, ct);

    static async Task<Results<Ok<WorkerResponse>, ProblemHttpResult>> DrainAsync(long workerId, bool drains, HttpContext http, DrainWorker drain, ListWorkers list, TimeProvider time, CancellationToken ct)
    {
        switch (await drain.RunAsync(workerId, drains, http.User.Caller().Actor, http.Source(), ct))
        {
            case DrainOutcome.Done:
                return await list.FindAsync(workerId, ct) is { } worker ? TypedResults.Ok(WorkerResponse.Of(worker, time.GetUtcNow())) : NoSuch(workerId);
            case DrainOutcome.IsGone: return Refusal.Of("worker_gone", $"Worker {workerId} has stopped or was given up; it takes nothing any more.");
            case DrainOutcome.NoSuchWorker: return NoSuch(workerId);
            case var other: throw new UnreachableException($"{other}");
        }
    }

    static async Task<Results<Ok<Page<AssignmentResponse>>, ProblemHttpResult>> Assignments(ListAssignments list, CancellationToken ct,
        [FromQuery(Name = "worker_id")] long? workerId = null, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, $"assignments {workerId}", keys: 1, out var page) is { } refusal) return refusal;
        Guid? before = null;
        if (!page.IsFirst)
        {
            if (!Guid.TryParse(page.After[0], out var last)) return PageRequest.NotOurs();
            before = last;
        }
        var rows = await list.RunAsync(workerId, before, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, AssignmentResponse.Of, row => [$"{row.TaskId}"]));
    }

    static async Task<Results<Ok<TaskMoveResponse>, ProblemHttpResult>> Reassign(Guid taskId, ReasonRequest? request, HttpContext http, ReassignTask reassign, CancellationToken ct) =>
        ReasonRequest.Problem(request) ?? MovesApi.Answer(taskId, await reassign.RunAsync(taskId, request?.Reason, http.User.Caller().Actor, http.Source(), ct));

    static ProblemHttpResult NoSuch(long workerId) => Refusal.NotFound($"worker {workerId}");
}

/// <param name="WorkerId">Of one start of one process: a restart is another worker.</param>
/// <param name="Protocol">What it and the tables understand of each other.</param>
/// <param name="State">idle, busy, offline (it stopped, by itself) or failed (it was given up, and nobody has heard of it since).</param>
/// <param name="Draining">It takes nothing new.</param>
/// <param name="Health">healthy, degraded (gets less), unhealthy (gets nothing) or offline.</param>
/// <param name="BeatAgeSeconds">Since its last sign of life.</param>
/// <param name="RecentSuccess">Share of its last ten attempts that went well; null before the first.</param>
/// <param name="MeanRunMs">Of its last attempts; null before the first.</param>
public sealed record WorkerResponse(long WorkerId, string Host, int ProcessId, string EngineVersion, int Protocol, string State, bool Draining, string Health,
    IReadOnlyList<string> Kinds, IReadOnlyList<string> Capabilities, int Slots, int Running, DateTimeOffset StartedAt, DateTimeOffset BeatAt, double BeatAgeSeconds,
    double? RecentSuccess, double? MeanRunMs)
{
    public static WorkerResponse Of(ListedWorker w, DateTimeOffset now) => new(w.WorkerId, w.Host, w.ProcessId, w.EngineVersion, w.Protocol, w.State, w.Draining, w.Health,
        w.Kinds, w.Capabilities, w.Slots, w.Running, w.StartedAt, w.BeatAt, Math.Max(0, Math.Round((now - w.BeatAt).TotalSeconds, 3)),
        w.Recent.Length == 0 ? null : w.Recent.Count(o => o == 's') / (double)w.Recent.Length, w.MeanRunMs is { } mean ? Math.Round(mean, 3) : null);
}

/// <param name="Epoch">Of the claim.</param>
/// <param name="Host">Of the worker; null when nothing is known of it any more.</param>
public sealed record AssignmentResponse(Guid TaskId, string Kind, TaskPriority Priority, long WorkerId, string? Host, long Epoch, DateTimeOffset ClaimedAt)
{
    public static AssignmentResponse Of(Assignment a) => new(a.TaskId, a.Kind, (TaskPriority)a.Priority, a.WorkerId, a.Host, a.Epoch, a.ClaimedAt);
}
