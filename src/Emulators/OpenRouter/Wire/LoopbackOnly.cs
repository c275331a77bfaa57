using System.Net;
using Microsoft.AspNetCore.Http;

namespace Emulators.OpenRouter.Wire;

/// <summary>
/// Keeps web pages out that a browser on this machine may show: a name other than the loopback's is refused, and the control API takes no
/// body that a page could send without being asked first.
/// </summary>
static class LoopbackOnly
{
    public static Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var host = context.Request.Host.Host.Trim('[', ']');
        if (host != "localhost" && !(IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)))
            return context.SendErrorAsync(new ErrorAnswer(403, "permission_denied", "The emulator answers on the loopback address alone."), default);
        var isChange = context.Request.Path.StartsWithSegments("/emulator") && !HttpMethods.IsGet(context.Request.Method);
        var type = context.Request.ContentType?.Split(';')[0];
        if (isChange && context.Request.ContentLength is not (null or 0) && type is not ("application/json" or "application/yaml"))
            return context.SendErrorAsync(new ErrorAnswer(415, "invalid_request", "The control API takes application/json, and rules as application/yaml too."), default);
        return next(context);
    }
}
