using Engine.Access;
using Engine.Faults;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Tasks.Events;

/// <summary>
/// <c>GET /api/tasks/events</c>: what happens to tasks as server-sent events. The id of each is where to go on from after a
/// break; an event may then come twice, and is known by its <c>event_id</c>.
/// </summary>
public static class TaskEventsApi
{
    const int MostTasks = 100, MostKinds = 100;

    public static void MapTaskEvents(this RouteGroupBuilder tasks) => tasks.MapGet("/events", Follow).DisableHttpMetrics()
        .Produces<TaskEventResponse>(contentType: "text/event-stream")
        .WithSummary("Follows what happens to tasks, as server-sent events; kind, state and task_id filter and may be repeated. "
            + "It begins with the event \"following\"; what happens is in events without a name. With Last-Event-ID it goes on where it broke off: an event may come twice, "
            + "none is missed. Who takes them too slowly gets the event \"lagging\" and is cut off.");

    static async Task<Results<EmptyHttpResult, ProblemHttpResult>> Follow(HttpContext http, FollowEvents follow, CatchUp catchUp, FindToken findToken, TimeProvider time, IHostApplicationLifetime lifetime,
        CancellationToken ct, string[]? kind = null, string[]? state = null, [FromQuery(Name = "task_id")] Guid[]? taskId = null,
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId = null)
    {
        if (Filter(kind ?? [], state ?? [], taskId ?? [], out var filter) is { } refusal) return refusal;
        DateTimeOffset? from = null;
        if (!string.IsNullOrEmpty(lastEventId) && (from = EventPosition.Read(lastEventId, time.GetUtcNow())) is null)
            return Refusal.Invalid("Last-Event-ID is not one that this engine gave out.");

        // A server that stops waits for its requests: this one ends when that begins.
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        EventSubscription? subscription = null;
        try
        {
            if (from is null && (subscription = await follow.JoinAsync(filter, ends.Token)) is null) return TooMany();
            var stream = new EventStream(http.Response,
                async stop => TokenAuthentication.TokenOf(http.Request) is { } token && await findToken.RunAsync(token, stop) is TokenCheck.Good);
            await stream.BeginAsync(from ?? subscription!.Position, ends.Token);
            if (from is { } position)
            {
                await foreach (var e in catchUp.RunAsync(position, filter, joined => subscription = joined, ends.Token))
                    if (!await stream.SendAsync(e, ends.Token)) return TypedResults.Empty;
                if (subscription is null) // too many follow: the caller tries again where it is now
                    return TypedResults.Empty;
            }
            await stream.FollowAsync(subscription!, time, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The caller has left, or the engine stops.
        }
        catch (Exception e) when (http.Response.HasStarted && Fault.Of(e, ends.Token) is FaultKind.Transient)
        {
            // The database is away: the stream ends here, and the caller goes on from its last id.
        }
        finally
        {
            if (subscription is not null) follow.Leave(subscription);
        }
        return TypedResults.Empty;
    }

    static ProblemHttpResult? Filter(string[] kinds, string[] states, Guid[] taskIds, out EventFilter filter)
    {
        filter = EventFilter.All;
        if (taskIds.Length > MostTasks) return Refusal.Invalid($"task_id may be given at most {MostTasks} times, is given {taskIds.Length} times.");
        if (kinds.Length > MostKinds) return Refusal.Invalid($"kind may be given at most {MostKinds} times, is given {kinds.Length} times.");
        if (states.FirstOrDefault(s => TaskStates.Find(s) is null) is { } unknown)
            return Refusal.Invalid($"state must be one of {string.Join(", ", TaskStates.All)}, is \"{unknown}\".");
        filter = EventFilter.Of(taskIds, kinds, states.Select(s => TaskStates.Find(s)!.Value));
        return null;
    }

    static ProblemHttpResult TooMany() => Refusal.Of("too_many_streams",
        "As many follow the events of this engine as it can serve; end one, or ask another engine.", StatusCodes.Status429TooManyRequests);
}
