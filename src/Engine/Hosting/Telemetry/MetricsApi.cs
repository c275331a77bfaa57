using System.Net.Mime;

namespace Engine.Hosting.Telemetry;

public static class MetricsApi
{
    /// <summary>Maps <c>/metrics</c>; who may read it is for the caller to say.</summary>
    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder app) =>
        app.MapGet("/metrics", Show).ExcludeFromDescription().DisableHttpMetrics();

    static async Task Show(MetricsPage page, HttpResponse response, CancellationToken ct)
    {
        var text = await page.CollectAsync().WaitAsync(ct);
        response.ContentType = $"{MediaTypeNames.Text.Plain}; version=0.0.4; charset=utf-8";
        response.ContentLength = text.Length;
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(text, ct);
    }
}
