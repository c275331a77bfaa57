using System.Text.Json.Nodes;

namespace Routing.Catalog;

/// <summary>A model as its provider lists it.</summary>
/// <param name="Slug">As it is asked for; variants and aliases are models of their own.</param>
/// <param name="CanonicalSlug">With its date, where the provider names one.</param>
/// <param name="ContextTokens">Null: not said.</param>
/// <param name="InputModalities">In ordinal order, as the other lists are.</param>
/// <param name="ListedAt">Since when the provider has it; null: not said.</param>
/// <param name="Price">Null: not said, or not in a way that can be relied on.</param>
public sealed record ListedModel(string Slug, string Name, string? CanonicalSlug, long? ContextTokens, long? MaxOutputTokens, IReadOnlyList<string> InputModalities,
    IReadOnlyList<string> OutputModalities, IReadOnlyList<string> Parameters, DateTimeOffset? ListedAt, DateTimeOffset? ExpiresAt, ModelPrice? Price)
{
    /// <summary>All but slug and price, named as the columns are.</summary>
    public JsonObject Facts() => new()
    {
        ["name"] = Name, ["canonical_slug"] = CanonicalSlug, ["context_tokens"] = ContextTokens, ["max_output_tokens"] = MaxOutputTokens,
        ["input_modalities"] = Texts(InputModalities), ["output_modalities"] = Texts(OutputModalities), ["parameters"] = Texts(Parameters),
        ["listed_at"] = Time(ListedAt), ["expires_at"] = Time(ExpiresAt),
    };

    static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null);
}

/// <summary>What a provider's list of models holds.</summary>
public abstract record ModelListing
{
    ModelListing() { } // closed: the kinds below are all there are

    /// <param name="LeftOut">Items that cannot be used.</param>
    public sealed record Listed(IReadOnlyList<ListedModel> Models, IReadOnlyList<LeftOutItem> LeftOut) : ModelListing;

    /// <summary>It is no list of models, or only a part of one: nothing of it counts.</summary>
    public sealed record Unreadable(string Reason) : ModelListing;
}

/// <param name="Position">In the list, from 0.</param>
/// <param name="Slug">Null where not even that can be read.</param>
public sealed record LeftOutItem(int Position, string? Slug, string Reason);
