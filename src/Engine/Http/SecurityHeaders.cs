namespace Engine.Http;

/// <summary>Headers that keep a browser from doing more with an answer than show it.</summary>
public static class SecurityHeaders
{
    /// <summary>Set when the answer starts: an error handler that begins the answer anew cannot lose them.</summary>
    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        http.Response.OnStarting(static response => Add(((HttpResponse)response).Headers), http.Response);
        return next(http);
    });

    static Task Add(IHeaderDictionary headers)
    {
        headers.TryAdd("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }
}
