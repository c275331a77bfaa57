using Crawlers.Logs.Sources;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Logs;

public static class SourcesApi
{
    public static void MapSources(this IEndpointRouteBuilder logs)
    {
        var sources = logs.MapGroup("/sources");
        sources.MapGet("", List).WithSummary("Lists log sources with how reading them goes.");
        sources.MapGet("/{name}", Find).WithSummary("A log source.");
        sources.MapPut("/{name}", Put).RequireAuthorization(Roles.Admin).WithSummary("Makes or changes a log source; it is read from where it was left.");
        sources.MapDelete("/{name}", Remove).RequireAuthorization(Roles.Admin).WithSummary("Removes a log source with its position; what was counted stays.");
    }

    static async Task<Ok<SourcesResponse>> List(ListSources list, CancellationToken ct) => TypedResults.Ok(new SourcesResponse([.. (await list.RunAsync(ct)).Select(SourceResponse.Of)]));

    static async Task<Results<Ok<SourceResponse>, ProblemHttpResult>> Find(string name, ListSources list, CancellationToken ct) =>
        await list.FindAsync(name, ct) is { } found ? TypedResults.Ok(SourceResponse.Of(found)) : Refusal.NotFound($"log source \"{name}\"");

    static async Task<Results<Ok<SourceResponse>, ProblemHttpResult>> Put(string name, PutSourceRequest request, HttpContext http, PutSource put, ListSources list, RunCrawls crawls, CancellationToken ct)
    {
        if (await put.RunAsync(name, request.Kind, request.Settings ?? new SourceSettings(), request.Enabled, http.User.Caller().Actor, http.Source(), ct) is { } problem) return Refusal.Invalid($"{problem}.");
        crawls.Wake();
        return TypedResults.Ok(SourceResponse.Of((await list.FindAsync(name, ct))!));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Remove(string name, HttpContext http, PutSource put, RunCrawls crawls, CancellationToken ct)
    {
        if (!await put.RemoveAsync(name, http.User.Caller().Actor, http.Source(), ct)) return Refusal.NotFound($"log source \"{name}\"");
        crawls.Wake();
        return TypedResults.NoContent();
    }
}

/// <param name="Kind">files, docker, kubernetes, journald, loki, otlp or stdin.</param>
public sealed record PutSourceRequest(string Kind, SourceSettings? Settings = null, bool Enabled = true);

public sealed record SourcesResponse(IReadOnlyList<SourceResponse> Sources);

/// <param name="Holder">Which process reads it; null: none, or any.</param>
/// <param name="ReadAt">When anything about it was stored last.</param>
/// <param name="EventAt">The time of its newest error.</param>
/// <param name="Problem">What keeps it from being read in full; null while nothing does.</param>
/// <param name="Errors">Of the events.</param>
/// <param name="DroppedBytes">Of lines that are longer than is kept.</param>
/// <param name="DroppedErrors">Errors that are counted here alone, for more new kinds came than are kept in so short a time.</param>
public sealed record SourceResponse(string Name, string Kind, bool Enabled, SourceSettings Settings, DateTimeOffset ChangedAt, string ChangedBy, string? Holder, DateTimeOffset? ReadAt, DateTimeOffset? EventAt,
    string? Problem, long BehindBytes, long Lines, long Bytes, long Events, long Errors, long DroppedBytes, long DroppedErrors)
{
    public static SourceResponse Of(ListedSource s) => new(s.Name, s.Kind, s.IsEnabled, s.Settings, s.ChangedAt, s.ChangedBy, s.State.Holder, s.State.ReadAt, s.State.EventAt,
        s.State.Problem, s.State.BehindBytes, s.State.Lines, s.State.Bytes, s.State.Events, s.State.Errors, s.State.DroppedBytes, s.State.DroppedErrors);
}
