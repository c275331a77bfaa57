using System.Text.RegularExpressions;

namespace Routing.Providers;

/// <summary>A provider as somebody wants it.</summary>
/// <param name="Kind">openrouter, openai or emulator.</param>
/// <param name="BaseUrl">What <c>/models</c> is appended to: https, or http on this machine.</param>
/// <param name="ZeroRetention">It keeps nothing of what is sent.</param>
/// <param name="Regions">Where it computes, such as <c>eu</c>.</param>
/// <param name="Headers">Sent with each request; never secrets.</param>
public sealed partial record ProviderInput(string Kind, string BaseUrl, bool Enabled, bool ZeroRetention, IReadOnlyList<string> Regions, IReadOnlyDictionary<string, string> Headers)
{
    const int MostRegions = 20, MostHeaders = 20, MostHeaderLength = 300;

    /// <summary>Headers that say who calls belong to the key, which is kept sealed; the others would break the request.</summary>
    static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key", "Host", "Connection", "Transfer-Encoding", "Content-Length", "Content-Type",
        "Content-Encoding", "Accept", "Accept-Encoding", "Expect", "Upgrade", "TE", "Trailer", "Keep-Alive", "Idempotency-Key",
    };

    /// <returns>What is wrong with it, as a sentence; null when all is well.</returns>
    public string? Problem(string name) => this switch
    {
        _ when !Name().IsMatch(name) => $"The name must have 1 to 63 lower-case letters, digits, - and _ and begin with a letter, is \"{name}\".",
        _ when !ProviderKinds.All.Contains(Kind) => $"kind must be one of {string.Join(", ", ProviderKinds.All)}, is \"{Kind}\".",
        _ when ProviderAddress.Problem(BaseUrl) is { } problem => problem,
        _ when RegionsProblem(Regions) is { } problem => problem,
        _ when Headers.Count > MostHeaders => $"headers must be at most {MostHeaders}, are {Headers.Count}.",
        _ => Headers.Select(h => HeaderProblem(h.Key, h.Value)).FirstOrDefault(p => p is not null),
    };

    internal static string? RegionsProblem(IReadOnlyList<string> regions) =>
        regions.Count > MostRegions ? $"regions must be at most {MostRegions}, are {regions.Count}."
        : regions.Any(r => r is null || !Region().IsMatch(r)) ? "regions must be words such as eu or us-east-1, in lower case." : null;

    static string? HeaderProblem(string name, string value)
    {
        if (!HeaderName().IsMatch(name)) return $"\"{name}\" is no name of a header.";
        if (Refused.Contains(name)) return $"The header {name} cannot be set: what it says is the engine's business, and a key is given on its own.";
        return value is null || value.Length > MostHeaderLength || !value.All(c => c is >= ' ' and <= '~') ? $"The header {name} must be printable ASCII of up to {MostHeaderLength} characters." : null;
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_-]{0,62}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,39}\z")]
    private static partial Regex Region();

    [GeneratedRegex(@"^[A-Za-z0-9-]{1,60}\z")]
    private static partial Regex HeaderName();
}
