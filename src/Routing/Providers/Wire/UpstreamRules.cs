namespace Routing.Providers.Wire;

/// <summary>Which providers behind a provider may serve a call; only OpenRouter knows such rules.</summary>
/// <param name="ZeroRetention">Only those that keep nothing.</param>
/// <param name="DenyDataCollection">None that trains on what is sent.</param>
/// <param name="Only">Their slugs; empty: any.</param>
/// <param name="Ignore">Slugs of those that may not.</param>
public sealed record UpstreamRules(bool ZeroRetention, bool DenyDataCollection, IReadOnlyList<string> Only, IReadOnlyList<string> Ignore)
{
    public static readonly UpstreamRules None = new(false, false, [], []);
}

/// <summary>What one attempt asks for, on top of the messages.</summary>
/// <param name="Temperature">Null: the model's own.</param>
/// <param name="MaxPrice">None behind the provider that is dearer may serve, so that the money held is enough; null: any. Only OpenRouter knows it.</param>
public sealed record ModelAsked(string Model, int MaxTokens, double? Temperature, bool IsStreamed, UpstreamRules Rules, MaxPrice? MaxPrice = null)
{
    /// <summary>Other models that the provider may fall back on by itself. Their prices are nobody's: what is held covers one model.</summary>
    public IReadOnlyList<string> Fallbacks { get; init; } = [];

    /// <summary>Parameters that the model understands; empty: not known, all are sent.</summary>
    public IReadOnlySet<string> Parameters { get; init; } = new HashSet<string>();

    public bool Understands(string parameter) => Parameters.Count == 0 || Parameters.Contains(parameter);
}

/// <summary>The dearest that may serve.</summary>
/// <param name="PromptUsd">A token.</param>
/// <param name="CompletionUsd">A token.</param>
/// <param name="RequestUsd">The request itself.</param>
/// <param name="ImageUsd">Null: the request has no images.</param>
public sealed record MaxPrice(decimal PromptUsd, decimal CompletionUsd, decimal RequestUsd, decimal? ImageUsd = null);
