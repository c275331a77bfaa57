using System.ComponentModel;
using System.Net;
using Engine.Hosting.Configuration;

namespace Engine.Http;

public sealed record HttpSettings : IChecked
{
    [Description("Addresses to listen on, `http://IP:PORT`; port 0 takes a free one.")]
    public IReadOnlyList<string> Listen { get; init; } = ["http://127.0.0.1:7410"];

    [Description("States that a TLS-terminating proxy stands in front; demanded for any address that is not loopback.")]
    public bool BehindTls { get; init; }

    [Description("Addresses or networks (CIDR) of proxies whose `X-Forwarded-For` is believed.")]
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    [Description("Origins of web pages that may call the API; none by default.")]
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    [Description("Largest request body in bytes, 1024 to 104857600.")]
    public long MaxBodyBytes { get; init; } = 1024 * 1024;

    [Description("Open connections before new ones are closed at once, 10 to 100000.")]
    public int MaxConnections { get; init; } = 4096;

    public IEnumerable<string> Problems()
    {
        if (Listen.Count == 0) yield return "Listen must name at least one address, is empty";
        foreach (var address in Listen)
        {
            if (Endpoint(address) is not { } endpoint)
                yield return $"Listen must be http://IP:PORT (localhost counts as 127.0.0.1), is \"{address}\"";
            else if (!IPAddress.IsLoopback(endpoint.Address) && !BehindTls)
                yield return $"Listen must be a loopback address unless Engine:Http:BehindTls is true, is \"{address}\": "
                    + "tokens would cross the network in clear text";
        }
        foreach (var proxy in TrustedProxies)
            if (!IPNetwork.TryParse(proxy, out _) && !IPAddress.TryParse(proxy, out _))
                yield return $"TrustedProxies must hold IP addresses or networks such as 10.0.0.0/8, holds \"{proxy}\"";
        foreach (var origin in CorsOrigins)
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
                yield return $"CorsOrigins must hold origins such as https://ops.example.com, holds \"{origin}\"";
        if (MaxBodyBytes is < 1024 or > 100 * 1024 * 1024)
            yield return $"MaxBodyBytes must be from 1024 to 104857600, is {MaxBodyBytes}";
        if (MaxConnections is < 10 or > 100_000) yield return $"MaxConnections must be from 10 to 100000, is {MaxConnections}";
    }

    /// <returns>Where to listen, or null when the text is not an address.</returns>
    public static IPEndPoint? Endpoint(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/") return null;
        var host = uri.Host == "localhost" ? "127.0.0.1" : uri.Host.Trim('[', ']');
        return IPAddress.TryParse(host, out var ip) ? new IPEndPoint(ip, uri.Port) : null;
    }
}
