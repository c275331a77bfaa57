using System.Collections.Concurrent;
using System.Net;

namespace Routing.Providers.Wire;

/// <summary>
/// The connections to providers: a pool for each, kept. Nothing is followed, stored, unpacked or traced across: a key goes to the place that it is
/// for and nowhere else. An answer that is let go before its end closes its connection at once, so that the provider stops.
/// </summary>
/// <param name="connect">Connects in its own way, such as one that judges addresses; null: in the usual way.</param>
public sealed class WireConnections(TimeSpan connectTimeout, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null) : IDisposable
{
    readonly ConcurrentDictionary<(string Name, Uri BaseUrl), HttpMessageInvoker> pools = [];
    readonly Func<(string Name, Uri BaseUrl), HttpMessageInvoker> newPool = key => new HttpMessageInvoker(NewPool(key.BaseUrl, connectTimeout, connect));

    /// <summary>Without a limit of time: the caller's token is the limit. The answer's content is not read.</summary>
    public Task<HttpResponseMessage> SendAsync(ProviderEndpoint endpoint, HttpRequestMessage request, CancellationToken ct)
    {
        if (request.RequestUri!.Scheme == Uri.UriSchemeHttps) request.Version = HttpVersion.Version20; // or lower: what the other side speaks
        endpoint.Authorize?.Invoke(request.Headers);
        foreach (var (name, value) in endpoint.Headers) request.Headers.TryAddWithoutValidation(name, value);
        return pools.GetOrAdd((endpoint.Name, endpoint.BaseUrl), newPool).SendAsync(request, ct);
    }

    public void Dispose()
    {
        foreach (var pool in pools.Values) pool.Dispose();
    }

    static SocketsHttpHandler NewPool(Uri url, TimeSpan connectTimeout, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => new()
    {
        ConnectTimeout = connectTimeout,
        ConnectCallback = connect,
        UseProxy = !url.IsLoopback,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10), // addresses change
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(55), // below the minute after which common servers close
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
    };
}
