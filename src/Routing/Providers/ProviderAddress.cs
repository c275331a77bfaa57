using System.Net;
using System.Net.Sockets;

namespace Routing.Providers;

/// <summary>
/// Where calls may go: https, or http on this machine. Never to the addresses on which clouds hand out the secrets of a machine: a key and a prompt would
/// go there, and an answer would come back.
/// </summary>
public static class ProviderAddress
{
    const int MostLength = 500;

    // Of clouds, outside of the link-local networks: AWS over IPv6, Alibaba, Azure's wire server, Oracle.
    static readonly IPAddress[] Metadata =
        [IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16"), IPAddress.Parse("192.0.0.192")];

    static readonly IPNetwork[] Forbidden =
        [IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("224.0.0.0/3"), IPNetwork.Parse("ff00::/8")];

    static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <returns>Why calls cannot go there; null when they can.</returns>
    public static string? Problem(string url)
    {
        if (url.Length > MostLength) return $"base_url must have at most {MostLength} characters, has {url.Length}.";
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.Host.Length == 0)
            return "base_url must be an address such as https://openrouter.ai/api/v1.";
        if (uri.UserInfo.Length > 0) return "base_url must not hold a user or a password: a key is given on its own.";
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0) return "base_url must end with its path, without ? and #.";
        var literal = IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) ? address : null;
        if (literal is not null && IsForbidden(literal)) return $"base_url must not lead to {literal}: that is no address of a model provider.";
        if (uri.Scheme == "http" && !IsLoopback(uri)) return $"base_url must be https; http goes to this machine alone, such as http://127.0.0.1:11434/v1, and not to {uri.Host}.";
        return null;
    }

    /// <summary>Whether it names this machine.</summary>
    public static bool IsLoopback(Uri url) =>
        url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(Plain(address)));

    /// <summary>To be asked of what a name was resolved to, too.</summary>
    public static bool IsForbidden(IPAddress address)
    {
        var plain = Plain(address);
        return plain.Equals(IPAddress.IPv6Any) || Array.Exists(Forbidden, n => n.BaseAddress.AddressFamily == plain.AddressFamily && n.Contains(plain)) || Metadata.Contains(plain);
    }

    /// <summary>An IPv4 address out of its IPv6 clothes.</summary>
    static IPAddress Plain(IPAddress address) => address switch
    {
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4(),
        { AddressFamily: AddressFamily.InterNetworkV6 } when Nat64.Contains(address) => new IPAddress(address.GetAddressBytes().AsSpan(12)),
        _ => address,
    };
}
