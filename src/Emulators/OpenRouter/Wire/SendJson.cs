using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Wire;

/// <summary>Sends one JSON document as an answer.</summary>
static class SendJson
{
    public static Task SendJsonAsync(this HttpContext context, Action<Utf8JsonWriter> write, int status = 200) =>
        context.SendJsonAsync(JsonForm.Write(write).WrittenMemory, status);

    public static async Task SendJsonAsync(this HttpContext context, ReadOnlyMemory<byte> json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.BodyWriter.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>An error with its status and its headers.</summary>
    public static Task SendErrorAsync(this HttpContext context, ErrorAnswer error, DateTimeOffset now)
    {
        var headers = context.Response.Headers;
        if (error.RetryAfter is { } after)
            headers.RetryAfter = error.IsRetryAfterDate ? (now + after).ToString("R", CultureInfo.InvariantCulture) : $"{(int)Math.Ceiling(after.TotalSeconds)}";
        if (error.ShouldRetry is { } should) headers["x-should-retry"] = should ? "true" : "false";
        if (error.PlatformLimit is { } limit)
        {
            headers["X-RateLimit-Limit"] = limit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = "0";
            headers["X-RateLimit-Reset"] = ErrorAnswer.ResetMilliseconds(now).ToString(CultureInfo.InvariantCulture);
        }
        return context.SendJsonAsync(json => error.Write(json, now), error.Status);
    }
}
