using System.Globalization;
using System.Net;
using System.Text.Json;
using Routing.Providers;

namespace Routing.Performance;

/// <summary>What a provider says that was spent, as OpenRouter's <c>/activity</c> and <c>/key</c> tell it.</summary>
public sealed class ReadProviderUsage(AskProvider ask)
{
    const int MostBytes = 64 << 20;
    static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

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
        return await ask.RunAsync(provider.Provider, provider.Key, path, MostBytes, Within, ct) switch
        {
            ProviderReply.Answered { IsSuccess: true } answer => JsonDocument.Parse(answer.Body),
            ProviderReply.Answered { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed } => null,
            ProviderReply.Answered answer => throw new HttpRequestException($"/{path} answers {answer.StatusText}", null, answer.Status),
            ProviderReply.Unreachable none => throw new HttpRequestException(none.Reason),
            var other => throw new InvalidOperationException($"{other}"),
        };
    }

    static JsonElement Data(JsonDocument document) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("data", out var data) ? data : throw new JsonException("the answer has no data");

    static decimal Money(JsonElement item, string name) =>
        !item.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? 0
        : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var amount) ? amount : throw new JsonException($"{name} is no amount");
}

/// <summary>A provider that tells what it bills.</summary>
/// <param name="Key">Whose bill it is.</param>
public sealed record ProviderMeter(Provider Provider, ProviderKey Key)
{
    public string Name => Provider.Name;
}
