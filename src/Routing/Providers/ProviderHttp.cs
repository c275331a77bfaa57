using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Routing.Providers;

/// <summary>
/// Connections to providers. A name is resolved and judged at each connection, so that it cannot lead elsewhere later than when it was configured; redirects
/// are not followed, and nothing but the model's answer is kept.
/// </summary>
public sealed class ProviderHttp : IDisposable
{
    static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5), Lifetime = TimeSpan.FromMinutes(5);

    readonly HttpClient here = Client(isLoopback: true), elsewhere = Client(isLoopback: false);

    /// <summary>Without a time limit of its own: whoever calls has one.</summary>
    public HttpClient For(Provider provider) => ProviderAddress.IsLoopback(provider.BaseUrl) ? here : elsewhere;

    public void Dispose()
    {
        here.Dispose();
        elsewhere.Dispose();
    }

    static HttpClient Client(bool isLoopback)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !isLoopback,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = Lifetime,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null, // what a provider need not know
            ConnectCallback = ConnectAsync,
        }) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("autonomy-engine", null));
        return client;
    }

    /// <summary>For connections of others to providers, which are judged alike.</summary>
    /// <exception cref="ForbiddenAddressException">The name leads to where no provider is.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var (target, isLoopback) = (context.DnsEndPoint, ProviderAddress.IsLoopback(context.InitialRequestMessage.RequestUri!));
        var addresses = await Dns.GetHostAddressesAsync(target.Host, ct);
        var allowed = addresses.Where(a => isLoopback ? IPAddress.IsLoopback(a) : !ProviderAddress.IsForbidden(a)).ToArray();
        if (allowed.Length == 0) throw new ForbiddenAddressException($"{target.Host} leads to {string.Join(", ", addresses.AsEnumerable())}, where no model provider is.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>A name leads to where nothing may be sent.</summary>
public sealed class ForbiddenAddressException(string message) : IOException(message);
