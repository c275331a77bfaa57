using Routing.Providers;

namespace Routing.Catalog;

/// <summary>What an operator knows better than the provider; null leaves it to the provider.</summary>
/// <param name="Enabled">False takes the model out of every decision.</param>
/// <param name="Price">What it costs. Zero where the provider bills nobody, as on a machine of one's own.</param>
/// <param name="Ceiling">The most that it can cost, for as long as nobody knows its price; above zero.</param>
/// <param name="Quality">How good it is thought to be before anything is known, 0 to 1.</param>
/// <param name="Note">Why, for people.</param>
public sealed record ModelCorrection(bool? Enabled = null, long? ContextTokens = null, long? MaxOutputTokens = null, ModelPrice? Price = null, ModelPrice? Ceiling = null,
    bool? ZeroRetention = null, IReadOnlyList<string>? Regions = null, IReadOnlyList<string>? InputModalities = null, IReadOnlyList<string>? Parameters = null,
    double? Quality = null, string? Note = null)
{
    const decimal MostUsd = 10_000;
    const long MostTokens = 1_000_000_000;
    const int MostWords = 100, MostWordLength = 100, MostNoteLength = 500;

    /// <param name="providerKind">Of the model's provider.</param>
    /// <returns>What is wrong with it, as a sentence; null when all is well.</returns>
    public string? Problem(string providerKind) => this switch
    {
        { ContextTokens: <= 0 or > MostTokens } => $"context_tokens must be from 1 to {MostTokens}, is {ContextTokens}.",
        { MaxOutputTokens: <= 0 or > MostTokens } => $"max_output_tokens must be from 1 to {MostTokens}, is {MaxOutputTokens}.",
        { Quality: < 0 or > 1 or double.NaN } => $"quality must be from 0 to 1, is {Quality}.",
        { Note: { } note } when note.Length is 0 or > MostNoteLength || note.Any(char.IsControl) => $"note must have 1 to {MostNoteLength} characters on one line.",
        { Regions: { } regions } when ProviderInput.RegionsProblem(regions) is { } problem => problem,
        { InputModalities: { } words } when WordsProblem(words) is { } problem => $"input_modalities {problem}",
        { Parameters: { } words } when WordsProblem(words) is { } problem => $"parameters {problem}",
        { Price: { } price } when PriceProblem(price) is { } problem => $"price: {problem}",
        { Ceiling: { } ceiling } when PriceProblem(ceiling) is { } problem => $"ceiling: {problem}",
        { Price: { } price } when IsFree(price) && ProviderKinds.SaysPrices(providerKind) => $"price must be above zero: a provider of the kind {providerKind} bills for its models.",
        { Ceiling: { } ceiling } when IsFree(ceiling) => "ceiling must be above zero: a model that is free has a price of zero, not a ceiling.",
        _ => null,
    };

    static bool IsFree(ModelPrice price) => price is { PromptUsd: 0, CompletionUsd: 0 };

    static string? PriceProblem(ModelPrice price)
    {
        decimal?[] parts = [price.PromptUsd, price.CompletionUsd, price.RequestUsd, price.ImageUsd, price.SearchUsd, price.CacheReadUsd, price.CacheWriteUsd, price.CacheWrite1hUsd, price.ReasoningUsd];
        if (Array.Find(parts, p => p is < 0 or > MostUsd) is { } bad) return $"dollars must be from 0 to {MostUsd} a token, request, image or search; one is {bad}.";
        if (Array.Find(parts, p => p is { } usd && decimal.Round(usd, 12) != usd) is { } fine) return $"dollars have at most twelve decimals; one is {fine}.";
        return price.Discount != 0 || price.Overrides.Count > 0 ? "a price of an operator has neither discount nor overrides." : null;
    }

    static string? WordsProblem(IReadOnlyList<string> words) =>
        words.Count > MostWords || words.Any(w => w is null || w.Length is 0 or > MostWordLength || !w.All(c => c is > ' ' and <= '~'))
            ? $"must be at most {MostWords} words of up to {MostWordLength} characters." : null;
}
