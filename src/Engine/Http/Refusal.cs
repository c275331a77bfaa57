using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Http;

/// <summary>The one form of "no": problem+json (RFC 9457) with a stable <c>code</c> that programs may switch on.</summary>
public static class Refusal
{
    /// <param name="code">Snake case; never changes once published.</param>
    /// <param name="detail">A sentence that names the thing, the limit and the value.</param>
    public static ProblemHttpResult Of(string code, string detail, int status = StatusCodes.Status409Conflict) =>
        TypedResults.Problem(Problem(code, detail, status));

    public static ProblemHttpResult Invalid(string detail) => Of("invalid_request", detail, StatusCodes.Status400BadRequest);

    public static ProblemHttpResult NotFound(string what) => Of("not_found", $"There is no {what}.", StatusCodes.Status404NotFound);

    /// <summary>For middleware, which writes its answer itself.</summary>
    public static Task WriteAsync(HttpContext http, string code, string detail, int status) => Of(code, detail, status).ExecuteAsync(http);

    static ProblemDetails Problem(string code, string detail, int status) => new()
    {
        Status = status,
        Detail = detail,
        Extensions = { ["code"] = code }, // HttpSetup adds trace_id
    };
}
