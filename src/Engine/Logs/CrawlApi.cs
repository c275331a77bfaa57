using Crawlers.Logs.Events;
using Crawlers.Logs.Sources;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using LogLevel = Crawlers.Logs.Events.LogLevel;

namespace Engine.Logs;

public static class CrawlApi
{
    const int MostText = 200;

    public static void MapCrawl(this IEndpointRouteBuilder logs)
    {
        logs.MapPost("/crawl", Crawl).RequireAuthorization(Roles.Operator).Accepts<string>("text/plain")
            .WithSummary("Counts the lines of the body, however long it is, as they come. Lines that are sent again are counted again.");
        logs.MapGet("/stats", Stats).WithSummary("How many errors there are, and how many came lately.");
    }

    static async Task<Results<Ok<CrawledResponse>, ProblemHttpResult>> Crawl(HttpContext http, CrawlStream crawl, CancellationToken ct, string source = "stdin", string? service = null, string? release = null, string? format = null, string? countFrom = null)
    {
        if (PutSource.NameProblem(source) is { } named) return Refusal.Invalid($"{named}.");
        if (new[] { service, release }.Any(t => t is { Length: 0 or > MostText } || (t?.Any(char.IsControl) ?? false))) return Refusal.Invalid($"service and release have 1 to {MostText} characters and no control characters.");
        var wrap = LogFormat.Auto;
        if (format is not null && (!Enum.TryParse(format, ignoreCase: true, out wrap) || int.TryParse(format, out _))) return Refusal.Invalid($"format is one of {string.Join(", ", Enum.GetNames<LogFormat>()).ToLowerInvariant()}, not \"{format}\".");
        var level = LogLevel.Error;
        if (countFrom is not null && (!Enum.TryParse(countFrom, ignoreCase: true, out level) || int.TryParse(countFrom, out _))) return Refusal.Invalid($"countFrom is one of {string.Join(", ", Enum.GetNames<LogLevel>()).ToLowerInvariant()}, not \"{countFrom}\".");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null; // memory is bounded, however long it is
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null; // a service may be quiet for hours
        var given = new SourceSettings { Service = service, Release = release, Format = wrap, CountFrom = level };
        return await crawl.RunAsync(source, http.Request.Body, given, http.User.Caller().Actor, ct) switch
        {
            StreamCrawled.Done d => TypedResults.Ok(new CrawledResponse(d.Lines, d.Events, d.Errors, d.DroppedErrors, d.DroppedBytes, d.Findings)),
            StreamCrawled.Refused refused => Refusal.Of("not_possible", $"{refused.Reason}."),
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }

    static async Task<Ok<LogStatsResponse>> Stats(ReadLogStats read, CancellationToken ct) => TypedResults.Ok(await read.RunAsync(ct));
}

/// <param name="DroppedErrors">Errors that were counted without being told apart, for there were too many new kinds.</param>
/// <param name="DroppedBytes">Of lines that are longer than is kept.</param>
/// <param name="Findings">That will be tasks.</param>
public sealed record CrawledResponse(long Lines, long Events, long Errors, long DroppedErrors, long DroppedBytes, int Findings);

/// <param name="New">Found within the last day.</param>
/// <param name="LastHour">Errors by the times of their events.</param>
/// <param name="Top">Those that came most often within the last day.</param>
public sealed record LogStatsResponse(long Open, long Muted, long Resolved, long New, long LastHour, long LastDay, long DroppedErrors, IReadOnlyList<TopErrorResponse> Top);

public sealed record TopErrorResponse(string Fingerprint, string Title, long Count);
