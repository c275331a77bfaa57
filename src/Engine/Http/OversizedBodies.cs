using Microsoft.AspNetCore.Http.Features;

namespace Engine.Http;

/// <summary>
/// Refuses a body that says beforehand that it is too large, and lets its sender finish: most clients read no answer before
/// they have sent everything, and would tell of a broken connection instead of the limit.
/// </summary>
public static class OversizedBodies
{
    /// <summary>Beyond this the connection is closed on the sender.</summary>
    const long MostDiscarded = 128 << 20;

    public static IApplicationBuilder UseOversizedBodies(this IApplicationBuilder app, HttpSettings settings) => app.Use(async (http, next) =>
    {
        if (http.Request.ContentLength is not { } length || length <= settings.MaxBodyBytes)
        {
            await next(http);
            return;
        }
        var limit = http.Features.Get<IHttpMaxRequestBodySizeFeature>();
        var mayDiscard = length <= MostDiscarded && limit is { IsReadOnly: false };
        if (mayDiscard) limit!.MaxRequestBodySize = length;
        await Refusal.WriteAsync(http, ErrorAnswers.TooLargeCode, ErrorAnswers.TooLarge(settings), StatusCodes.Status413PayloadTooLarge);
        if (mayDiscard) await http.Request.Body.CopyToAsync(Stream.Null, http.RequestAborted);
    });
}
