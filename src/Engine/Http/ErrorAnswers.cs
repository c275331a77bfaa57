using System.Text.Json;
using System.Text.RegularExpressions;
using Engine.Faults;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Engine.Http;

/// <summary>Turns what reached the edge of the HTTP pipeline into problem+json: exceptions, and bare status codes of the framework.</summary>
public sealed partial class ErrorAnswers(NpgsqlDataSource database, TimeProvider time, ILogger<ErrorAnswers> log) : IExceptionHandler
{
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    long lastAway;

    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken ct)
    {
        switch (exception)
        {
            case BadHttpRequestException bad:
                var (code, detail) = Explain(bad, http);
                await Refusal.WriteAsync(http, code, detail, bad.StatusCode);
                return true;
            case var _ when Fault.Of(exception, http.RequestAborted) == FaultKind.Cancelled:
                return true; // the caller has left; there is nobody to answer
            case var _ when Fault.IsDatabaseAway(exception):
                NoteAway(exception);
                http.Response.Headers.RetryAfter = "1";
                await Refusal.WriteAsync(http, "database_unavailable", "The database does not answer at the moment; try again shortly. "
                    + "A change may or may not have been made: send it again with the same Idempotency-Key or If-Match.", StatusCodes.Status503ServiceUnavailable);
                return true;
            case PostgresException { SqlState: PostgresErrorCodes.DiskFull }:
                http.Response.Headers.RetryAfter = "10";
                await Refusal.WriteAsync(http, "database_full", "The database's disk is full, so that nothing was changed; try again once there is room.",
                    StatusCodes.Status503ServiceUnavailable);
                return true;
            case NpgsqlException or TimeoutException when Fault.Of(exception, http.RequestAborted) == FaultKind.Transient:
                http.Response.Headers.RetryAfter = "1";
                await Refusal.WriteAsync(http, "database_busy", "The database is too busy for this at the moment; try again shortly.",
                    StatusCodes.Status503ServiceUnavailable);
                return true;
            default:
                log.Unhandled(exception, http.Request.Method, http.Request.Path);
                await Refusal.WriteAsync(http, "internal_error",
                    "The engine failed at this request; its log has the details under this trace_id.", StatusCodes.Status500InternalServerError);
                return true;
        }
    }

    /// <summary>Once a second at most, however many requests fail: what the pool still holds is broken too, so it is let go.</summary>
    void NoteAway(Exception exception)
    {
        var last = Interlocked.Read(ref lastAway);
        var now = time.GetTimestamp();
        if (last != 0 && time.GetElapsedTime(last, now) < Quiet) return;
        if (Interlocked.CompareExchange(ref lastAway, now, last) != last) return;
        database.Clear();
        log.DatabaseAway(exception.Message);
    }

    /// <summary>For answers that the framework gives without a body: unknown paths, wrong methods, wrong media types.</summary>
    public static Task OfStatusAsync(StatusCodeContext context)
    {
        var http = context.HttpContext;
        var (code, detail) = http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ("not_found", $"There is nothing at {http.Request.Path}."),
            StatusCodes.Status405MethodNotAllowed => ("method_not_allowed", $"{http.Request.Method} is not allowed at {http.Request.Path}."),
            StatusCodes.Status413PayloadTooLarge => TooLarge(http),
            StatusCodes.Status415UnsupportedMediaType => ("unsupported_media_type", "The body must be application/json."),
            var status => ($"http_{status}", $"The request was answered with status {status}."),
        };
        return Refusal.WriteAsync(http, code, detail, http.Response.StatusCode);
    }

    static (string Code, string Detail) Explain(BadHttpRequestException bad, HttpContext http) => bad switch
    {
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => TooLarge(http),
        { InnerException: JsonException json } => BadJson.Explain(json),
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } => ("unsupported_media_type", "The body must be application/json."),
        _ when UnboundParameter().Match(bad.Message) is { Success: true } match =>
            ("invalid_request", $"The parameter {match.Groups[1].Value} cannot be \"{match.Groups[2].Value}\"."),
        _ when bad.Message.StartsWith("Implicit body", StringComparison.Ordinal) || bad.Message.StartsWith("Required parameter", StringComparison.Ordinal) =>
            ("invalid_request", "The request needs a body: a JSON object."),
        _ => ("invalid_request", bad.Message),
    };

    static (string Code, string Detail) TooLarge(HttpContext http) => (TooLargeCode, TooLarge(http.RequestServices.GetRequiredService<HttpSettings>()));

    internal const string TooLargeCode = "body_too_large";

    internal static string TooLarge(HttpSettings settings) => $"The request body is larger than {settings.MaxBodyBytes} bytes (Engine:Http:MaxBodyBytes).";

    [GeneratedRegex("""^Failed to bind parameter "\S+ (\w+)" from "(.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();
}
