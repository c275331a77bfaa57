using System.Globalization;
using System.Text.Json;
using Routing.Catalog;

namespace Routing.Providers.Wire;

/// <summary>What a provider says that an answer has consumed and cost.</summary>
/// <param name="HasTokens">Both numbers of tokens were there.</param>
/// <param name="CostUsd">Taken from us, exact as written; null: not said. Under BYOK the fee alone.</param>
/// <param name="IsByok">A key of our own at the provider behind the provider paid for the tokens.</param>
/// <param name="UpstreamUsd">What that provider took; null: not said.</param>
public sealed record WireUsage(TokenUsage Tokens, bool HasTokens, decimal? CostUsd, bool IsByok, decimal? UpstreamUsd)
{
    const decimal Fortune = 1_000_000;

    /// <summary>All that was spent; null: not said. Without BYOK the upstream's part is in the cost already.</summary>
    public decimal? SpentUsd => IsByok ? CostUsd + UpstreamUsd : CostUsd;

    /// <summary>Of two reports on one answer the later counts, unless it says less.</summary>
    public static WireUsage Later(WireUsage? earlier, WireUsage later) => earlier is null || later.Says >= earlier.Says ? later : earlier;

    int Says => (HasTokens ? 1 : 0) + (SpentUsd is null ? 0 : 2);

    /// <returns>Null when it is no object.</returns>
    public static WireUsage? Of(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object) return null;
        var prompt = Count(usage, "prompt_tokens");
        var completion = Count(usage, "completion_tokens");
        var input = Part(usage, "prompt_tokens_details");
        var tokens = new TokenUsage(prompt ?? 0, completion ?? 0, Count(input, "cached_tokens") ?? 0, Count(input, "cache_write_tokens") ?? 0,
            Count(input, "cache_write_1h_tokens") ?? 0, Count(Part(usage, "completion_tokens_details"), "reasoning_tokens") ?? 0,
            Searches: (int)(Count(Part(usage, "server_tool_use_details"), "web_search_requests") ?? 0));
        var isByok = usage.TryGetProperty("is_byok", out var byok) && byok.ValueKind == JsonValueKind.True;
        return new WireUsage(tokens, prompt is not null && completion is not null, Money(usage, "cost"), isByok,
            Money(Part(usage, "cost_details"), "upstream_inference_cost"));
    }

    /// <summary>
    /// From the text itself: a floating-point number in between would not be what was billed. Less than nothing is not believed, nor a fortune.
    /// </summary>
    internal static decimal? Money(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value)) return null;
        decimal usd;
        var isMoney = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDecimal(out usd),
            JsonValueKind.String => decimal.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out usd),
            _ => (usd = -1) > 0,
        };
        return isMoney && usd is >= 0 and < Fortune ? usd : null;
    }

    internal static long? Count(JsonElement of, string name)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number) return null;
        return value.TryGetDecimal(out var number) && number is >= 0 and <= int.MaxValue ? (long)number : null;
    }

    static JsonElement Part(JsonElement of, string name) => of.TryGetProperty(name, out var part) ? part : default;
}
