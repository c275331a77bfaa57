using Engine.Access;
using Engine.Http;
using Engine.Tasks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Workers;

/// <summary>How the engines of this database do, and whether they take tasks.</summary>
public static class EngineModeApi
{
    public static void MapEngineMode(this RouteGroupBuilder engine)
    {
        engine.MapGet("/status", Status).WithSummary("The mode of all engines on this database, and how much there is to do and who does it.");
        engine.MapPost("/start", Start).RequireAuthorization(Roles.Operator).WithSummary("Lets all engines take tasks again.");
        engine.MapPost("/pause", Pause).RequireAuthorization(Roles.Operator).WithSummary("Lets no engine begin a task; what runs goes on.");
        engine.MapPost("/stop", Stop).RequireAuthorization(Roles.Operator).WithSummary("Lets no engine begin a task, and gives back unharmed what runs. The processes go on serving.");
    }

    static async Task<Ok<EngineStatusResponse>> Status(ReadEngineMode read, ListWorkers workers, KeepQueueDepth depth, TimeProvider time, CancellationToken ct)
    {
        var mode = await read.RunAsync(ct);
        return TypedResults.Ok(EngineStatusResponse.Of(mode, await workers.CountAsync(ct), depth.Last, time.GetUtcNow()));
    }

    static Task<Results<Ok<EngineModeResponse>, ProblemHttpResult>> Start(ReasonRequest? request, HttpContext http, SetEngineMode set, CancellationToken ct) =>
        SetAsync(EngineMode.Running, request, http, set, ct);

    static Task<Results<Ok<EngineModeResponse>, ProblemHttpResult>> Pause(ReasonRequest? request, HttpContext http, SetEngineMode set, CancellationToken ct) =>
        SetAsync(EngineMode.Paused, request, http, set, ct);

    static Task<Results<Ok<EngineModeResponse>, ProblemHttpResult>> Stop(ReasonRequest? request, HttpContext http, SetEngineMode set, CancellationToken ct) =>
        SetAsync(EngineMode.Stopped, request, http, set, ct);

    static async Task<Results<Ok<EngineModeResponse>, ProblemHttpResult>> SetAsync(string mode, ReasonRequest? request, HttpContext http, SetEngineMode set, CancellationToken ct)
    {
        if (ReasonRequest.Problem(request) is { } problem) return problem;
        return TypedResults.Ok(EngineModeResponse.Of(await set.RunAsync(mode, request?.Reason, http.User.Caller().Actor, http.Source(), ct)));
    }
}

/// <param name="Mode">running, paused or stopped: for all engines on this database.</param>
/// <param name="ChangedBy">token:… as the audit log names them, or migration before anybody changed it.</param>
public sealed record EngineModeResponse(string Mode, DateTimeOffset ChangedAt, string ChangedBy)
{
    public static EngineModeResponse Of(EngineMode mode) => new(mode.Mode, mode.ChangedAt, mode.ChangedBy);
}

/// <param name="Mode">running, paused or stopped: for all engines on this database.</param>
/// <param name="MinProtocol">Engines that speak an older one take nothing.</param>
/// <param name="CountedAt">When tasks, queues, breakers and the oldest transaction were looked at, at most every ten seconds; null before the first time, when they are empty.</param>
/// <param name="Tasks">How many are in each state, of those that have not ended.</param>
/// <param name="Queues">What could be claimed.</param>
/// <param name="Breakers">Kinds that failed so often that they stood still for all workers.</param>
/// <param name="OldestTransaction">What keeps the database from clearing up longest; null when nothing does.</param>
public sealed record EngineStatusResponse(string Mode, DateTimeOffset ChangedAt, string ChangedBy, int MinProtocol, WorkerCountsResponse Workers, DateTimeOffset? CountedAt,
    IReadOnlyDictionary<string, long> Tasks, IReadOnlyList<QueueResponse> Queues, IReadOnlyList<BreakerResponse> Breakers, OldTransactionResponse? OldestTransaction)
{
    public static EngineStatusResponse Of(EngineMode mode, WorkerCounts workers, QueueDepth? depth, DateTimeOffset now) => new(mode.Mode, mode.ChangedAt, mode.ChangedBy, mode.MinProtocol,
        new WorkerCountsResponse(workers.Alive, workers.Draining, workers.Unwell, workers.Slots, workers.Running), depth?.At,
        depth?.States.OrderBy(s => s.Key).ToDictionary(s => s.Key.Name(), s => s.Value) ?? [],
        [.. (depth?.Ready ?? []).Select(d => new QueueResponse(d.Kind, (TaskPriority)d.Priority, d.Ready, Seconds(depth!.At - d.OldestAt)))],
        [.. (depth?.Breakers ?? []).Select(b => new BreakerResponse(b.Kind, b.State, b.ChangedAt, b.RetryAt, b.Openings, b.Reason))],
        depth?.Oldest is { } oldest ? new OldTransactionResponse(oldest.HeldBy, oldest.StartedAt, Seconds(now - oldest.StartedAt)) : null);

    static double Seconds(TimeSpan span) => Math.Max(0, Math.Round(span.TotalSeconds, 3));
}

/// <param name="Alive">Workers whose heartbeat is fresh.</param>
/// <param name="Unwell">Of these, degraded (get less) or unhealthy (get nothing).</param>
/// <param name="Slots">Tasks that they can run at a time, all together.</param>
public sealed record WorkerCountsResponse(int Alive, int Draining, int Unwell, int Slots, int Running);

/// <param name="OldestSeconds">How long the oldest of them has waited.</param>
public sealed record QueueResponse(string Kind, TaskPriority Priority, long Ready, double OldestSeconds);

/// <param name="State">closed (it works), open (it stands still) or probing (one task at a time is tried).</param>
/// <param name="RetryAt">When it is tried at the earliest; null unless it is open.</param>
/// <param name="Openings">How often it came to that.</param>
public sealed record BreakerResponse(string Kind, string State, DateTimeOffset ChangedAt, DateTimeOffset? RetryAt, int Openings, string? Reason);

public sealed record OldTransactionResponse(string HeldBy, DateTimeOffset StartedAt, double AgeSeconds);
