using System.Globalization;
using System.Net;
using Engine.Http;

namespace Engine.Access;

/// <summary>
/// A bucket for each good token and one for each address that shows none, asked before a token costs a query. Health
/// probes are let through: a flood must not get the engine restarted.
/// </summary>
public sealed class RateLimits(AccessSettings settings, FindToken find, TimeProvider time)
{
    readonly TokenBuckets tokens = new(settings.RequestsPerSecondPerToken, time);
    readonly TokenBuckets addresses = new(settings.RequestsPerSecondPerAddress, time);

    public Task ApplyAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || TryTake(http, out var wait)) return next(http);
        http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Refusal.WriteAsync(http, "rate_limited",
            "Too many requests; wait as long as Retry-After says. The limits are Engine:Access:RequestsPerSecondPerToken and …PerAddress.",
            StatusCodes.Status429TooManyRequests);
    }

    bool TryTake(HttpContext http, out TimeSpan wait) =>
        TokenAuthentication.TokenOf(http.Request) is { } token && find.WasGood(token) is { } good
            ? tokens.TryTake(good.TokenId.ToString("N"), out wait)
            : addresses.TryTake(Network(http.Connection.RemoteIpAddress), out wait);

    /// <summary>One caller has a whole IPv6 /64 at their disposal, so that is what counts as an address.</summary>
    static string Network(IPAddress? address) => address switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.ToString(),
    };
}
