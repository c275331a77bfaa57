using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Crawlers.Logs.Triage;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Logs;

public static class ErrorsApi
{
    const int MostText = 200, MostReason = 2000;
    static readonly string[] States = ["open", "muted", "resolved"], Spans = ["minute", "hour", "day"];

    public static void MapErrors(this IEndpointRouteBuilder logs)
    {
        var errors = logs.MapGroup("/errors");
        errors.MapGet("", List).WithSummary("Lists errors, the last seen first.");
        errors.MapGet("/{fingerprint}", Find).WithSummary("An error with samples, what belongs to it and why, what was told of it, and what was found out without a model.");
        errors.MapGet("/{fingerprint}/occurrences", Occurrences).WithSummary("How often an error came, by minute, hour or day.");
        errors.MapPost("/{fingerprint}/mute", Mute).RequireAuthorization(Roles.Operator).WithSummary("Counts an error and tells of it no more, until a date, a release, or until it is unmuted.");
        errors.MapDelete("/{fingerprint}/mute", Unmute).RequireAuthorization(Roles.Operator).WithSummary("Tells of an error again.");
        errors.MapPost("/{fingerprint}/resolve", Resolve).RequireAuthorization(Roles.Operator).WithSummary("Takes an error for gone, in all releases or in one: when it comes again, that is a regression.");
        errors.MapPost("/{fingerprint}/merge", Merge).RequireAuthorization(Roles.Operator).WithSummary("Counts an error to another one, until it is split off again.");
        errors.MapPost("/{fingerprint}/split", Split).RequireAuthorization(Roles.Operator).WithSummary("Takes a fingerprint out of the error that it was counted to.");
    }

    static async Task<Results<Ok<Page<ErrorResponse>>, ProblemHttpResult>> List(ListErrors list, CancellationToken ct,
        [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null, string? state = null, string? service = null, string? text = null, DateTimeOffset? since = null)
    {
        if (state is not null && !States.Contains(state)) return Refusal.Invalid($"state is one of {string.Join(", ", States)}, not \"{state}\".");
        if (new[] { service, text }.Any(t => t is { Length: > MostText } || (t?.Contains('\0', StringComparison.Ordinal) ?? false))) return Refusal.Invalid($"service and text have at most {MostText} characters, none of them U+0000.");
        if (PageRequest.Read(pageToken, limit, $"errors {state} {service} {text} {since:O}", keys: 2, out var page) is { } refusal) return refusal;
        (DateTimeOffset, string)? after = null;
        if (!page.IsFirst)
        {
            if (!DateTimeOffset.TryParseExact(page.After[0], "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var lastSeen) || page.After[1].Any(char.IsControl)) return PageRequest.NotOurs();
            after = (lastSeen.ToUniversalTime(), page.After[1]);
        }
        var rows = await list.RunAsync(new ErrorFilter(state, service, text, since?.ToUniversalTime()), after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, ErrorResponse.Of, row => [row.LastSeen.UtcDateTime.ToString("O"), row.Fingerprint]));
    }

    static async Task<Results<Ok<ShownErrorResponse>, ProblemHttpResult>> Find(string fingerprint, ListErrors list, CancellationToken ct) =>
        Known(fingerprint) && await list.FindAsync(fingerprint, ct) is { } found ? TypedResults.Ok(ShownErrorResponse.Of(found)) : NoSuch(fingerprint);

    static async Task<Results<Ok<OccurrencesResponse>, ProblemHttpResult>> Occurrences(string fingerprint, ListErrors list, TimeProvider time, CancellationToken ct,
        string span = "hour", DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        if (!Spans.Contains(span)) return Refusal.Invalid($"span is one of {string.Join(", ", Spans)}, not \"{span}\".");
        if (!Known(fingerprint) || await list.FindAsync(fingerprint, ct) is not { } found) return NoSuch(fingerprint);
        var until = (to ?? time.GetUtcNow()).ToUniversalTime();
        var since = (from ?? found.Error.FirstSeen).ToUniversalTime();
        var counts = await list.OccurrencesAsync(found.Error.Fingerprint, span, since.AddDays(from is null ? -1 : 0), until, ct);
        return TypedResults.Ok(new OccurrencesResponse(found.Error.Fingerprint, span, counts));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Mute(string fingerprint, MuteRequest request, HttpContext http, ChangeError change, TimeProvider time, CancellationToken ct)
    {
        if (request.Until <= time.GetUtcNow()) return Refusal.Invalid($"until must be in the future, is {request.Until:O}.");
        return (Told(fingerprint, request.Reason) ?? Named("until_release", request.UntilRelease)) is { } refusal ? refusal
            : Answer(fingerprint, await change.MuteAsync(fingerprint, request.Until?.ToUniversalTime(), request.UntilRelease, request.Reason, By(http), ct), $"The release {request.UntilRelease} has the error already: such a mute would be over at once.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Unmute(string fingerprint, HttpContext http, ChangeError change, CancellationToken ct) =>
        Known(fingerprint) ? Answer(fingerprint, await change.UnmuteAsync(fingerprint, By(http), ct), "") : NoSuch(fingerprint);

    static async Task<Results<NoContent, ProblemHttpResult>> Resolve(string fingerprint, ResolveRequest request, HttpContext http, ChangeError change, CancellationToken ct) =>
        !Known(fingerprint) ? NoSuch(fingerprint) : Named("release", request.Release) is { } refusal ? refusal : Answer(fingerprint, await change.ResolveAsync(fingerprint, request.Release, By(http), ct), "");

    static async Task<Results<NoContent, ProblemHttpResult>> Merge(string fingerprint, MergeRequest request, HttpContext http, ChangeError change, CancellationToken ct) =>
        (Told(fingerprint, request.Reason) ?? Named("into", request.Into)) is { } refusal ? refusal : Answer(fingerprint, await change.MergeAsync(fingerprint, request.Into, request.Reason, By(http), ct), $"{request.Into} is no other error: there is none of that fingerprint, or both are one already.");

    static async Task<Results<NoContent, ProblemHttpResult>> Split(string fingerprint, SplitRequest request, HttpContext http, ChangeError change, CancellationToken ct) =>
        Told(fingerprint, request.Reason) is { } refusal ? refusal : Answer(fingerprint, await change.SplitAsync(fingerprint, request.Reason, By(http), ct), $"{fingerprint} is its own error: name a fingerprint that was counted to it.");

    static Results<NoContent, ProblemHttpResult> Answer(string fingerprint, ErrorChanged changed, string refused) => changed switch
    {
        ErrorChanged.Done => TypedResults.NoContent(),
        ErrorChanged.NoSuchError => NoSuch(fingerprint),
        ErrorChanged.Refused => Refusal.Of("not_possible", refused),
        var other => throw new UnreachableException($"{other}"),
    };

    static ChangedBy By(HttpContext http) => new(http.User.Caller().Actor, http.Source());

    static ProblemHttpResult? Told(string fingerprint, string reason) =>
        !Known(fingerprint) ? NoSuch(fingerprint) : reason.Length is 0 or > MostReason || reason.Contains('\0', StringComparison.Ordinal) ? Refusal.Invalid($"reason has 1 to {MostReason} characters, none of them U+0000.") : null;

    static ProblemHttpResult? Named(string name, string? text) =>
        text is { Length: 0 or > MostText } || (text?.Any(char.IsControl) ?? false) ? Refusal.Invalid($"{name} has 1 to {MostText} characters and no control characters.") : null;

    static bool Known(string fingerprint) => fingerprint.Length <= 100 && !fingerprint.Any(char.IsControl);

    static ProblemHttpResult NoSuch(string fingerprint) => Refusal.NotFound($"error {fingerprint}");
}

/// <param name="Until">Null: no date ends it.</param>
/// <param name="UntilRelease">Once this release has the error, it is told of again.</param>
public sealed record MuteRequest(string Reason, DateTimeOffset? Until = null, string? UntilRelease = null);

/// <param name="Release">In which it is gone; null: everywhere, from now on.</param>
public sealed record ResolveRequest(string? Release = null);

/// <param name="Into">The fingerprint of the error that both are.</param>
public sealed record MergeRequest(string Into, string Reason);

public sealed record SplitRequest(string Reason);

/// <param name="Title">In one line, of what its lines have in common. All texts are data from logs, redacted.</param>
/// <param name="Type">Of its exception; null when it has none.</param>
/// <param name="State">open, muted or resolved.</param>
/// <param name="TaskId">The last task about it.</param>
public sealed record ErrorResponse(string Fingerprint, string Title, string Level, string? Type, string? RootType, string Template, IReadOnlyList<string> Frames, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen,
    IReadOnlyList<string> Services, IReadOnlyList<string> Releases, string State, DateTimeOffset? MutedUntil, string? MutedUntilRelease, DateTimeOffset? ResolvedAt, string? ResolvedIn, string? ResolvedBy, Guid? TaskId)
{
    public static ErrorResponse Of(ListedError e) => new(e.Fingerprint, Crawlers.Logs.Alerts.ErrorTitle.Of(e.Type, e.RootType, e.Template, e.Frames), e.Level, e.Type, e.RootType, e.Template, e.Frames, e.Count, e.FirstSeen, e.LastSeen,
        e.Services, e.Releases, e.State, e.MutedUntil, e.MutedUntilRelease, e.ResolvedAt, e.ResolvedIn, e.ResolvedBy, e.TaskId);
}

/// <param name="Triage">Where it comes from in the code; null before anybody looked.</param>
public sealed record ShownErrorResponse(ErrorResponse Error, TriageFinding? Triage, IReadOnlyList<ErrorSample> Samples, IReadOnlyList<ErrorMember> Members, IReadOnlyList<ErrorFinding> Findings)
{
    public static ShownErrorResponse Of(ShownError shown) =>
        new(ErrorResponse.Of(shown.Error), shown.TriageJson is null ? null : JsonSerializer.Deserialize<TriageFinding>(shown.TriageJson, EngineJson.Options), shown.Samples, shown.Members, shown.Findings);
}

/// <param name="Counts">Of spans in which it came, at most 10,000.</param>
public sealed record OccurrencesResponse(string Fingerprint, string Span, IReadOnlyList<ErrorCount> Counts);
