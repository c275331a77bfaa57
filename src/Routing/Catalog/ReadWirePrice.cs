using System.Globalization;
using System.Text.Json;

namespace Routing.Catalog;

/// <summary>Reads the <c>pricing</c> of a listed model: dollars a token as texts. What is negative or no number is not known, and then the whole price is not.</summary>
static class ReadWirePrice
{
    /// <summary>Beyond this it is a slip: a token, request, image or search for so many dollars.</summary>
    const decimal MostUsd = 10_000;

    /// <summary>The smallest that a column holds; finer prices are rounded up to it.</summary>
    const decimal LeastUsd = 0.000000000001m;

    const int MostOverrides = 50;

    /// <param name="mayBeFree">Whether prices that are all zero are a price: true of a provider that bills, false of a server that knows no prices.</param>
    /// <returns>Null: not known.</returns>
    public static ModelPrice? Read(JsonElement model, bool mayBeFree)
    {
        if (!model.TryGetProperty("pricing", out var pricing) || pricing.ValueKind != JsonValueKind.Object) return null;
        try
        {
            if (Price(pricing, "prompt") is not { } promptUsd || Price(pricing, "completion") is not { } completionUsd) return null;
            var price = new ModelPrice(promptUsd, completionUsd, Price(pricing, "request") ?? 0, Price(pricing, "image") ?? 0, Price(pricing, "web_search") ?? 0,
                Price(pricing, "input_cache_read"), Price(pricing, "input_cache_write"), Price(pricing, "input_cache_write_1h"), Price(pricing, "internal_reasoning"),
                Discount(pricing)) { Overrides = Overrides(pricing) };
            return mayBeFree || PriceFormula.MostUsd(price, 1, 1, 1, 1) > 0 ? price : null;
        }
        catch (FormatException)
        {
            return null; // not known: whoever wants the model nevertheless sets a ceiling
        }
    }

    static List<PriceOverride> Overrides(JsonElement pricing)
    {
        if (!pricing.TryGetProperty("overrides", out var overrides) || overrides.ValueKind == JsonValueKind.Null) return [];
        if (overrides.ValueKind != JsonValueKind.Array || overrides.GetArrayLength() > MostOverrides) throw new FormatException();
        return [.. overrides.EnumerateArray().Select(Override)];
    }

    static PriceOverride Override(JsonElement other)
    {
        if (other.ValueKind != JsonValueKind.Object) throw new FormatException();
        var (start, end) = (Minute(other, "utc_start"), Minute(other, "utc_end"));
        return new PriceOverride(Tokens(other, "min_prompt_tokens"), start, end is 24 * 60 ? start is null ? null : 0 : end, Price(other, "prompt"), Price(other, "completion"),
            Price(other, "request"), Price(other, "input_cache_read"), Price(other, "input_cache_write"), Price(other, "input_cache_write_1h"));
    }

    /// <exception cref="FormatException">It is no price.</exception>
    static decimal? Price(JsonElement pricing, string name)
    {
        if (Text(pricing, name) is not { } text) return null;
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var usd) || usd is < 0 or > MostUsd) throw new FormatException();
        if (usd == 0) return text.Split('e', 'E')[0].Any(c => c is > '0' and <= '9') ? LeastUsd : 0; // too small for decimal, and no zero
        return PriceJson.Plain(decimal.Ceiling(usd / LeastUsd) * LeastUsd);
    }

    /// <summary>One that cannot be read is none: then the estimate is too high, which harms nobody.</summary>
    static decimal Discount(JsonElement pricing) =>
        Text(pricing, "discount") is { } text && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var discount) && discount is >= 0 and <= 1
            ? PriceJson.Plain(decimal.Round(discount, 8, MidpointRounding.ToZero)) : 0;

    static long? Tokens(JsonElement other, string name) => Text(other, name) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) ? tokens : throw new FormatException();

    /// <summary>A time of the day as 1630, "1630" or "16:30", in minutes; up to 24:00.</summary>
    static int? Minute(JsonElement other, string name)
    {
        if (Text(other, name) is not { } text) return null;
        if (!int.TryParse(text.Replace(":", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var clock)
            || clock > 2400 || clock % 100 > 59) throw new FormatException();
        return clock / 100 * 60 + clock % 100;
    }

    static string? Text(JsonElement json, string name) => !json.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => throw new FormatException(),
    };
}
