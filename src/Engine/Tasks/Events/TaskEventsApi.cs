using System.Buffers;
using System.Globalization;
using System.Text;
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

    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void MapTaskEvents(this RouteGroupBuilder tasks) => tasks.MapGet("/events", Follow).DisableHttpMetrics()
        .Produces<TaskEventResponse>(contentType: "text/event-stream")
        .WithSummary("Follows what happens to tasks, as server-sent events; kind, state and task_id filter and may be repeated. "
            + "With Last-Event-ID it goes on where it broke off: an event may come twice, none is missed. Who takes them too slowly gets the event \"lagging\" and is cut off.");

    static async Task<Results<EmptyHttpResult, ProblemHttpResult>> Follow(HttpContext http, FollowEvents follow, CatchUp catchUp, TimeProvider time, IHostApplicationLifetime lifetime,
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
            var stream = new EventStream(http.Response);
            await stream.BeginAsync(from ?? subscription!.Position, ends.Token);
            if (from is { } position)
            {
                await foreach (var e in catchUp.RunAsync(position, filter, joined => subscription = joined, ends.Token)) await stream.SendAsync(e, ends.Token);
                if (subscription is null) // too many follow: the caller tries again where it is now
                    return TypedResults.Empty;
            }
            await SendAsync(stream, subscription!, time, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The caller has left, or the engine stops.
        }
        finally
        {
            if (subscription is not null) follow.Leave(subscription);
        }
        return TypedResults.Empty;
    }

    static async Task SendAsync(EventStream stream, EventSubscription subscription, TimeProvider time, CancellationToken ct)
    {
        while (true)
        {
            var more = subscription.Events.WaitToReadAsync(ct).AsTask();
            while (!more.IsCompleted && await Task.WhenAny(more, Task.Delay(Heartbeat, time, ct)) != more)
            {
                var position = subscription.Position; // looked at first: if nothing waits after that, all before it has been sent
                if (!more.IsCompleted) await stream.HeartbeatAsync(position, ct);
            }
            if (!await more) break;
            while (subscription.Events.TryRead(out var e)) stream.Write(e);
            await stream.FlushAsync(ct);
        }
        if (subscription.IsLagging) await stream.LaggingAsync(ct);
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

/// <summary>Ids of events on the wire: microseconds since 1970.</summary>
static class EventPosition
{
    public static string Text(DateTimeOffset position) => ((position - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture);

    /// <returns>Null when the text is none, or lies in the future.</returns>
    public static DateTimeOffset? Read(string text, DateTimeOffset now) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var micros) && micros <= (now.AddMinutes(1) - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
            ? DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond) : null;
}

/// <summary>The wire format of server-sent events.</summary>
sealed class EventStream(HttpResponse response)
{
    public async Task BeginAsync(DateTimeOffset position, CancellationToken ct)
    {
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no"; // proxies pass each event on as it comes
        Write($"id: {EventPosition.Text(position)}\nevent: following\ndata: {{}}\n\n");
        await FlushAsync(ct);
    }

    public void Write(SentEvent e)
    {
        Write($"id: {EventPosition.Text(e.Position)}\ndata: ");
        response.BodyWriter.Write(e.Json.Span);
        Write("\n\n");
    }

    public async Task SendAsync(SentEvent e, CancellationToken ct)
    {
        Write(e);
        await FlushAsync(ct);
    }

    /// <summary>Keeps proxies from hanging up, and moves the place to go on from.</summary>
    public Task HeartbeatAsync(DateTimeOffset position, CancellationToken ct)
    {
        Write($": still here\nid: {EventPosition.Text(position)}\n\n");
        return FlushAsync(ct);
    }

    public Task LaggingAsync(CancellationToken ct)
    {
        Write("event: lagging\ndata: {\"code\":\"lagging\",\"detail\":\"More happened than was taken in time; go on from the last id.\"}\n\n");
        return FlushAsync(ct);
    }

    public async Task FlushAsync(CancellationToken ct) => await response.BodyWriter.FlushAsync(ct);

    void Write(string text) => Encoding.UTF8.GetBytes(text, response.BodyWriter);
}
