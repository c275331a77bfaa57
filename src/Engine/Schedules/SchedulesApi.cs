using System.Diagnostics;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Schedules;

public static class SchedulesApi
{
    public static void MapSchedules(this IEndpointRouteBuilder app)
    {
        var schedules = app.MapGroup("/api/schedules").WithTags("schedules").RequireAuthorization(Roles.Reader);
        schedules.MapGet("", List).WithSummary("Lists schedules by name.");
        schedules.MapGet("/{name}", Find).WithSummary("A schedule; its ETag is what a change must name.");
        schedules.MapPatch("/{name}", Change).RequireAuthorization(Roles.Operator)
            .WithSummary("Changes what the body names, if nobody has changed the schedule since If-Match.");
        schedules.MapPost("/{name}/run", Run).RequireAuthorization(Roles.Operator).WithSummary("Fires a schedule now, a disabled one too.");
        schedules.MapGet("/{name}/fires", Fires).WithSummary("Lists the fires of a schedule, newest first.");
    }

    static async Task<Results<Ok<Page<ScheduleResponse>>, ProblemHttpResult>> List(
        ListSchedules list, TimeProvider time, CancellationToken ct, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, "schedules", keys: 1, out var page) is { } refusal) return refusal;
        if (!page.IsFirst && page.After[0].Any(char.IsControl)) return PageRequest.NotOurs();
        var rows = await list.RunAsync(page.IsFirst ? null : page.After[0], page.Limit + 1, ct);
        var now = time.GetUtcNow();
        return TypedResults.Ok(page.Of(rows, row => ScheduleResponse.Of(row, now), row => [row.Schedule.Name]));
    }

    static async Task<Results<Ok<ScheduleResponse>, ProblemHttpResult>> Find(
        string name, HttpContext http, ListSchedules list, TimeProvider time, CancellationToken ct)
    {
        if (await list.FindAsync(name, ct) is not { } found) return NoSuch(name);
        EntityTag.Write(http.Response, found.Schedule.Version);
        return TypedResults.Ok(ScheduleResponse.Of(found, time.GetUtcNow()));
    }

    static async Task<Results<Ok<ScheduleResponse>, ProblemHttpResult>> Change(string name, ScheduleChange request, HttpContext http,
        ChangeSchedule change, ListSchedules list, TimeProvider time, CancellationToken ct)
    {
        if (EntityTag.Require(http.Request, out var version) is { } refusal) return refusal;
        switch (await change.RunAsync(name, version, request, http.User.Caller().Actor, http.Source(), ct))
        {
            case ScheduleChanged.Done done:
                EntityTag.Write(http.Response, done.Schedule.Version);
                var last = await list.FindAsync(name, ct);
                return TypedResults.Ok(ScheduleResponse.Of(new ListedSchedule(done.Schedule, last?.LastFireAt, last?.LastOutcome), time.GetUtcNow()));
            case ScheduleChanged.NoSuchSchedule: return NoSuch(name);
            case ScheduleChanged.Stale stale: return EntityTag.Mismatch(stale.Version);
            case ScheduleChanged.Refused refused: return Refusal.Invalid(string.Join(" ", refused.Problems));
            case var other: throw new UnreachableException($"{other}");
        }
    }

    static async Task<Results<Accepted<RequestedFire>, ProblemHttpResult>> Run(
        string name, HttpContext http, Idempotency idempotency, RunSchedule run, KeepSchedules keep, CancellationToken ct)
    {
        var answer = await idempotency.RunAsync<RequestedFire>(http, new { name }, async (connection, transaction) =>
            await run.RunAsync(connection, transaction, name, http.User.Caller().Actor, http.Source(), ct) switch
            {
                RunAsked.Waits waits => waits.Fire,
                RunAsked.NoSuchSchedule => NoSuch(name),
                RunAsked.AlreadyWaiting => Refusal.Of("already_waiting", $"A fire of the schedule \"{name}\" that was asked for before waits for its turn."),
                var other => throw new UnreachableException($"{other}"),
            }, ct);
        if (answer.Value is not { } requested) return answer.Refusal!;
        keep.Wake();
        return TypedResults.Accepted($"/api/schedules/{name}/fires", requested);
    }

    static async Task<Results<Ok<Page<FireRow>>, ProblemHttpResult>> Fires(
        string name, ListFires list, CancellationToken ct, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        (DateTimeOffset, Guid)? after = null;
        if ((PageRequest.Read(pageToken, limit, $"fires of {name}", keys: 2, out var page) ?? page.ReadKey(out after)) is { } refusal) return refusal;
        return await list.RunAsync(name, after, page.Limit + 1, ct) is { } rows
            ? TypedResults.Ok(page.Of(rows, row => row, row => PageRequest.Key(row.FireTime, row.FireId))) : NoSuch(name);
    }

    static ProblemHttpResult NoSuch(string name) => Refusal.NotFound($"schedule \"{name}\"");
}

/// <param name="Cron">Seconds, minutes, hours, day of month, month, day of week, and optionally the year.</param>
/// <param name="TimeZone">IANA name of the zone that the cron expression is read in.</param>
/// <param name="MisfirePolicy">fire_once or skip: what becomes of fires that nobody could start within a minute.</param>
/// <param name="NextFireAt">Null while it is disabled.</param>
/// <param name="LastOutcome">succeeded or failed; null before the first fire and while one runs.</param>
public sealed record ScheduleResponse(string Name, string Duty, string Cron, string TimeZone, string MisfirePolicy, bool Enabled, long Version,
    DateTimeOffset? NextFireAt, DateTimeOffset? LastFireAt, string? LastOutcome)
{
    public static ScheduleResponse Of(ListedSchedule listed, DateTimeOffset now)
    {
        var (row, last, outcome) = listed;
        return new(row.Name, row.Duty, row.Cron, row.TimeZone, row.MisfirePolicy, row.Enabled, row.Version, row.NextFireAfter(now), last, outcome);
    }
}
