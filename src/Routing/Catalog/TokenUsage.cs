namespace Routing.Catalog;

/// <summary>What a call has consumed, by kinds of tokens, as a provider reports it.</summary>
/// <param name="PromptTokens">All of the input, cached and cache-written tokens included.</param>
/// <param name="CompletionTokens">All of the output, reasoning included (where there is more reasoning than that, the provider counts it apart).</param>
/// <param name="CachedTokens">Of the input, read from a cache.</param>
/// <param name="CacheWriteTokens">Of the input, written to a cache that lives minutes.</param>
/// <param name="CacheWrite1hTokens">Of the input, written to a cache that lives an hour.</param>
/// <param name="ReasoningTokens">Of the output, thought and not said.</param>
public sealed record TokenUsage(long PromptTokens, long CompletionTokens, long CachedTokens = 0, long CacheWriteTokens = 0, long CacheWrite1hTokens = 0,
    long ReasoningTokens = 0, int Images = 0, int Searches = 0)
{
    public static readonly TokenUsage None = new(0, 0);
}
