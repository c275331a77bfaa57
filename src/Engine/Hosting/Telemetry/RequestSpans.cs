using System.Diagnostics;
using Engine.Hosting.Logging;
using Microsoft.AspNetCore.Http.Features;

namespace Engine.Hosting.Telemetry;

/// <summary>
/// Gives the span of each request its name and the attributes of OpenTelemetry's HTTP conventions; ASP.NET Core 10 leaves both
/// to others. The query is left out, for what people put into it.
/// </summary>
sealed class RequestSpans : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(DescribeAsync);
        next(app);
    };

    static async Task DescribeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            Describe(context, context.Response.StatusCode, fault: null);
        }
        catch (Exception e) // passed on; only here is the span still open
        {
            Describe(context, StatusCodes.Status500InternalServerError, e);
            throw;
        }
    }

    static void Describe(HttpContext context, int status, Exception? fault)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } span) return;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method);
        span.SetTag("http.response.status_code", status);
        span.SetTag("url.scheme", context.Request.Scheme);
        span.SetTag("url.path", SecretRedaction.Redact(context.Request.Path.Value ?? "/"));
        if (route is not null) span.SetTag("http.route", route);
        if (status < 500) return;
        span.SetTag("error.type", fault?.GetType().FullName ?? $"{status}");
        span.SetStatus(ActivityStatusCode.Error);
    }
}
