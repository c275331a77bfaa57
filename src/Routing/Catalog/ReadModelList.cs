using System.Globalization;
using System.Text.Json;

namespace Routing.Catalog;

/// <summary>
/// Reads the answer of <c>/models</c>, OpenRouter's or what others made of OpenAI's. An item that is of no use is left out and told; an answer that is
/// no list of models counts for nothing.
/// </summary>
public static class ReadModelList
{
    public const int MostModels = 10_000, MostSlugLength = 200, MostNameLength = 300;

    const int MostWords = 200, MostWordLength = 100;
    const long MostTokens = 1_000_000_000;

    static readonly string[] Text = ["text"];

    /// <param name="mayBeFree">Whether a price of zero is one: not where the server knows no prices.</param>
    public static ModelListing Read(ReadOnlyMemory<byte> answer, bool mayBeFree)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            var root = document.RootElement;
            var list = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out var data) ? data : root;
            return list.ValueKind == JsonValueKind.Array ? Read(list, mayBeFree) : new ModelListing.Unreadable("the answer has no list of models");
        }
        catch (JsonException)
        {
            return new ModelListing.Unreadable(answer.Span.TrimStart(" \r\n\t"u8) is [(byte)'<', ..] ? "the answer is a web page" : "the answer is no JSON, or a part of it is missing");
        }
    }

    static ModelListing Read(JsonElement list, bool mayBeFree)
    {
        if (list.GetArrayLength() > MostModels) return new ModelListing.Unreadable($"the answer lists {list.GetArrayLength()} models, more than {MostModels}");
        var models = new Dictionary<string, ListedModel>(StringComparer.Ordinal);
        var leftOut = new List<LeftOutItem>();
        foreach (var (position, item) in list.EnumerateArray().Index())
        {
            string? slug = null;
            try
            {
                slug = Slug(item);
                if (!models.TryAdd(slug, Model(item, slug, mayBeFree))) throw new FormatException("it is listed twice");
            }
            catch (Exception e) when (e is FormatException or InvalidOperationException or JsonException) // JSON of another shape, or half a surrogate pair
            {
                leftOut.Add(new LeftOutItem(position, slug, e is FormatException ? e.Message : "it has another form than a model"));
            }
        }
        return models.Count == 0 && leftOut.Count > 0
            ? new ModelListing.Unreadable($"none of the {leftOut.Count} models of the answer can be read: {leftOut[0].Reason}")
            : new ModelListing.Listed([.. models.Values], leftOut);
    }

    static string Slug(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.String) throw new FormatException("it has no id");
        var slug = id.GetString()!;
        if (slug.Length is 0 or > MostSlugLength) throw new FormatException($"its id has {slug.Length} characters, not 1 to {MostSlugLength}");
        if (!slug.All(c => c is > ' ' and <= '~')) throw new FormatException("its id has characters that no id has");
        return slug;
    }

    static ListedModel Model(JsonElement item, string slug, bool mayBeFree)
    {
        var architecture = Member(item, "architecture");
        var top = Member(item, "top_provider");
        var name = Clean(String(item, "name"), MostNameLength);
        return new ListedModel(slug, name.Length > 0 ? name : slug, Clean(String(item, "canonical_slug"), MostSlugLength) is { Length: > 0 } canonical ? canonical : null,
            Least(Tokens(item, "context_length") ?? Tokens(item, "max_model_len") ?? Tokens(item, "context_window"), Tokens(top, "context_length")),
            Tokens(top, "max_completion_tokens") ?? Tokens(item, "max_completion_tokens"),
            Words(architecture, "input_modalities") ?? Text, Words(architecture, "output_modalities") ?? Text, Words(item, "supported_parameters") ?? [],
            Created(item), Expires(item), ReadWirePrice.Read(item, mayBeFree));
    }

    static JsonElement Member(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) ? value : default;

    static string String(JsonElement item, string name) => Member(item, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    /// <summary>What is no number of tokens is not known.</summary>
    static long? Tokens(JsonElement item, string name) =>
        Member(item, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var tokens) && tokens is > 0 and <= MostTokens ? tokens : null;

    static long? Least(long? a, long? b) => a is { } x && b is { } y ? Math.Min(x, y) : a ?? b;

    static string[]? Words(JsonElement item, string name)
    {
        if (Member(item, name) is not { ValueKind: JsonValueKind.Array } list) return null;
        return [.. list.EnumerateArray().Take(MostWords).Where(w => w.ValueKind == JsonValueKind.String).Select(w => Clean(w.GetString()!, MostWordLength))
            .Where(w => w.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>What neither a terminal nor a database would choke on.</summary>
    static string Clean(string text, int most)
    {
        var clean = string.Concat(text.EnumerateRunes().Where(r => r.Value is not 0xFFFD && !System.Text.Rune.IsControl(r)).Select(r => r.ToString())).Trim();
        if (clean.Length <= most) return clean;
        return clean[..(char.IsHighSurrogate(clean[most - 1]) ? most - 1 : most)];
    }

    static DateTimeOffset? Created(JsonElement item) => Member(item, "created") is { ValueKind: JsonValueKind.Number } value
        && value.TryGetInt64(out var seconds) && seconds is > 0 and < 32_503_680_000 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null; // before the year 3000

    static DateTimeOffset? Expires(JsonElement item) => DateTimeOffset.TryParse(String(item, "expiration_date"), CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? new DateTimeOffset(at.Ticks - at.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero) : null;
}
