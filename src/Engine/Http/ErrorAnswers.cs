using System.Text.Json;
using Engine.Faults;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Engine.Http;

/// <summary>Turns what reached the edge of the HTTP pipeline into problem+json: exceptions, and bare status codes of the framework.</summary>
public sealed class ErrorAnswers(NpgsqlDataSource database, ILogger<ErrorAnswers> log) : IExceptionHandler
{
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
                database.Clear(); // what the pool still holds is broken too: the next request opens a fresh connection
                log.DatabaseAway(exception.Message);
                http.Response.Headers.RetryAfter = "1";
                await Refusal.WriteAsync(http, "database_unavailable",
                    "The database does not answer at the moment; nothing was changed. Try again shortly.", StatusCodes.Status503ServiceUnavailable);
                return true;
            default:
                log.Unhandled(exception, http.Request.Method, http.Request.Path);
                await Refusal.WriteAsync(http, "internal_error",
                    "The engine failed at this request; its log has the details under this trace_id.", StatusCodes.Status500InternalServerError);
                return true;
        }
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
        { InnerException: JsonException json } => ("malformed_json",
            $"The body is not the JSON that is expected here{Place(json)}: {FirstSentence(json.Message)}"),
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } => ("unsupported_media_type", "The body must be application/json."),
        _ => ("invalid_request", bad.Message),
    };

    static (string Code, string Detail) TooLarge(HttpContext http) => ("body_too_large",
        $"The request body is larger than {http.RequestServices.GetRequiredService<HttpSettings>().MaxBodyBytes} bytes (Engine:Http:MaxBodyBytes).");

    static string Place(JsonException json) => json switch
    {
        { LineNumber: { } line, BytePositionInLine: { } column } => $" (at {json.Path ?? "$"}, line {line + 1}, column {column + 1})",
        { Path: { } path } => $" (at {path})",
        _ => "",
    };

    static string FirstSentence(string message) => message.Split(" Path: ")[0].Split(" LineNumber:")[0];
}
