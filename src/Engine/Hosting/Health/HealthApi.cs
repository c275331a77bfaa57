using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Hosting.Health;

public static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("health");
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        health.MapMethods("/live", methods, () => TypedResults.Ok(new LiveResponse("live"))).WithSummary("Answers as long as the process serves requests.");
        health.MapMethods("/ready", methods, Ready).WithSummary("Whether the engine can work: database, migrations, clock, schedules.");
    }

    static async Task<Results<Ok<ReadyResponse>, JsonHttpResult<ReadyResponse>>> Ready(HealthSnapshot health, CancellationToken ct)
    {
        var snapshot = await health.GetAsync(ct);
        return snapshot.IsReady
            ? TypedResults.Ok(new ReadyResponse(ReadyStatus.Ready, snapshot.Checks))
            : TypedResults.Json(new ReadyResponse(ReadyStatus.NotReady, snapshot.Checks), statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}

public enum ReadyStatus { Ready, NotReady }

public sealed record LiveResponse(string Status);

public sealed record ReadyResponse(ReadyStatus Status, IReadOnlyList<CheckResponse> Checks);
