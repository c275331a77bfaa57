using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Engine.Http;

namespace Engine.Access;

/// <summary>
/// A bucket for each good token and one for each address that shows none, asked before a token costs a query. Health
/// probes are let through: a flood must not get the engine restarted.
/// </summary>
public sealed class RateLimits : IDisposable
{
    readonly PartitionedRateLimiter<HttpContext> limiter;

    public RateLimits(AccessSettings settings, FindToken find) => limiter = PartitionedRateLimiter.Create<HttpContext, string>(http =>
        TokenAuthentication.TokenOf(http.Request) is { } token && find.WasGood(token) is { } good
            ? Bucket(good.TokenId.ToString("N"), settings.RequestsPerSecondPerToken)
            : Bucket(Network(http.Connection.RemoteIpAddress), settings.RequestsPerSecondPerAddress));

    public async Task ApplyAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
        {
            await next(http);
            return;
        }
        using var lease = limiter.AttemptAcquire(http);
        if (lease.IsAcquired)
        {
            await next(http);
            return;
        }
        http.Response.Headers.RetryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var after)
            ? Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture) : "1";
        await Refusal.WriteAsync(http, "rate_limited",
            "Too many requests; wait as long as Retry-After says. The limits are Engine:Access:RequestsPerSecondPerToken and …PerAddress.",
            StatusCodes.Status429TooManyRequests);
    }

    public void Dispose() => limiter.Dispose();

    static RateLimitPartition<string> Bucket(string key, int perSecond) =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = 2 * perSecond,
            // Ten times a second where the rate allows whole tokens to be spread so; else one at a time.
            TokensPerPeriod = perSecond % 10 == 0 ? perSecond / 10 : 1,
            ReplenishmentPeriod = perSecond % 10 == 0 ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(1.0 / perSecond),
            QueueLimit = 0,
        });

    /// <summary>One caller has a whole IPv6 /64 at their disposal, so that is what counts as an address.</summary>
    static string Network(IPAddress? address) => address switch
    {
        null => "unknown",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } => Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.ToString(),
    };
}
