using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Routing.Performance;

/// <summary>What a provider says that was spent, as OpenRouter's <c>/activity</c> and <c>/key</c> tell it.</summary>
public sealed class ReadProviderUsage(HttpClient http)
{
    /// <returns>US dollars by UTC day, what other providers' keys were charged included; null when this key may not see it or there is no such thing.</returns>
    /// <exception cref="HttpRequestException">No answer, or one that tells nothing.</exception>
    /// <exception cref="JsonException">The answer is none.</exception>
    public async Task<IReadOnlyDictionary<DateOnly, decimal>?> ByDayAsync(ProviderMeter provider, CancellationToken ct)
    {
        using var document = await GetAsync(provider, "activity", ct);
        if (document is null) return null;
        var days = new Dictionary<DateOnly, decimal>();
        foreach (var item in Data(document).EnumerateArray())
        {
            if (!item.TryGetProperty("date", out var at) || at.GetString() is not { Length: >= 10 } date || !DateOnly.TryParseExact(date[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                throw new JsonException("an item of /activity has no date");
            days[day] = days.GetValueOrDefault(day) + Money(item, "usage") + Money(item, "byok_usage_inference");
        }
        return days;
    }

    /// <returns>What the key has spent in all; null when there is no such thing.</returns>
    /// <exception cref="HttpRequestException">No answer, or one that tells nothing.</exception>
    /// <exception cref="JsonException">The answer is none.</exception>
    public async Task<decimal?> MeterAsync(ProviderMeter provider, CancellationToken ct)
    {
        using var document = await GetAsync(provider, "key", ct);
        if (document is null) return null;
        var key = Data(document);
        if (key.ValueKind != JsonValueKind.Object || !key.TryGetProperty("usage", out _)) throw new JsonException("/key has no usage");
        return Money(key, "usage") + Money(key, "byok_usage");
    }

    async Task<JsonDocument?> GetAsync(ProviderMeter provider, string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{provider.BaseUrl.AbsoluteUri.TrimEnd('/')}/{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", provider.ApiKey);
        using var response = await http.SendAsync(request, ct);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed) return null;
        await using var body = await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(ct);
        return await JsonDocument.ParseAsync(body, cancellationToken: ct);
    }

    static JsonElement Data(JsonDocument document) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("data", out var data) ? data : throw new JsonException("the answer has no data");

    static decimal Money(JsonElement item, string name) =>
        !item.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? 0
        : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount) ? amount : throw new JsonException($"{name} is no amount");
}

/// <param name="BaseUrl">Such as <c>https://openrouter.ai/api/v1</c>.</param>
public sealed record ProviderMeter(string Provider, Uri BaseUrl, string ApiKey);
