using System.Text.Json;

namespace Routing.Providers;

/// <summary>A service that answers model calls.</summary>
/// <param name="Kind">One of <see cref="ProviderKinds"/>: which wire it speaks.</param>
/// <param name="BaseUrl">What paths such as <c>models</c> are appended to.</param>
/// <param name="IsZeroRetention">It keeps nothing of what is sent.</param>
/// <param name="Regions">Where it computes, such as <c>eu</c>; empty: not known.</param>
/// <param name="Headers">Sent with each request besides the key.</param>
/// <param name="Version">Of the row, for edits.</param>
public sealed record Provider(string Name, string Kind, Uri BaseUrl, bool IsEnabled, bool IsZeroRetention, IReadOnlyList<string> Regions,
    IReadOnlyDictionary<string, string> Headers, long Version)
{
    /// <summary>The origin of a row that an engine has made, and that nobody else has changed since.</summary>
    public const string ByEngine = "engine";

    /// <summary>operator, or <see cref="ByEngine"/>.</summary>
    public string Origin { get; init; } = "operator";

    /// <summary>Its answers are made up and cost nothing real.</summary>
    public bool IsEmulated => Kind == ProviderKinds.Emulator;

    /// <summary>The emulator that engines bring along, each its own.</summary>
    public bool IsOwnEmulator => IsEmulated && Origin == ByEngine;

    /// <param name="path">Such as <c>chat/completions</c>.</param>
    public Uri Endpoint(string path) => new($"{BaseUrl.AbsoluteUri.TrimEnd('/')}/{path}");
}

public static class ProviderKinds
{
    public const string OpenRouter = "openrouter";

    /// <summary>Whatever speaks OpenAI's wire: OpenAI, Ollama, llama.cpp, vLLM. It tells no prices.</summary>
    public const string OpenAI = "openai";

    /// <summary>OpenRouter's stand-in.</summary>
    public const string Emulator = "emulator";

    public static IReadOnlyList<string> All { get; } = [OpenRouter, OpenAI, Emulator];

    /// <summary>Whether a price of zero in its list is one. A server that bills nobody has no prices, and an operator must say that it is free.</summary>
    public static bool SaysPrices(string kind) => kind != OpenAI;
}

/// <summary>A row of <c>routing_providers</c> as queries read it.</summary>
sealed record ProviderRow(string Name, string Kind, string BaseUrl, bool Enabled, bool ZeroRetention, string[] Regions, string Headers, long Version, string Origin)
{
    public const string Columns = "name, kind, base_url, enabled, zero_retention, regions, headers::text as headers, version, origin";

    public Provider Provider => new(Name, Kind, new Uri(BaseUrl), Enabled, ZeroRetention, Regions, JsonSerializer.Deserialize<Dictionary<string, string>>(Headers)!, Version)
    {
        Origin = Origin,
    };
}
