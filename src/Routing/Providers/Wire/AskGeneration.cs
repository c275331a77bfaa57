using System.Text.Json;
using Routing.Catalog;

namespace Routing.Providers.Wire;

/// <summary>What a provider tells afterwards of a call that it generated.</summary>
/// <param name="CostUsd">All that was spent; under BYOK what the provider behind took, too.</param>
public sealed record Generation(decimal CostUsd, TokenUsage Usage, string? Model, string? ServedBy, string? FinishReason);

/// <summary>Asks OpenRouter what a call came to, some time after it has ended: <c>/generation?id=</c>.</summary>
public sealed class AskGeneration(WireConnections connections, TimeProvider time)
{
    const int MostBytes = 1024 * 1024;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <returns>Null when it does not know, or not yet.</returns>
    /// <exception cref="HttpRequestException">It did not answer, or refused.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task<Generation?> RunAsync(ProviderEndpoint endpoint, string generationId, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.GenerationUrl(generationId));
        try
        {
            using var response = await connections.SendAsync(endpoint, request, either.Token);
            if (response.StatusCode == System.Net.HttpStatusCode.NotFound) return null;
            if (!response.IsSuccessStatusCode) throw new HttpRequestException($"{endpoint.Name} answers {(int)response.StatusCode} when it is asked for a generation.", null, response.StatusCode);
            await response.Content.LoadIntoBufferAsync(MostBytes, either.Token);
            await using var body = await response.Content.ReadAsStreamAsync(either.Token);
            using var document = await JsonDocument.ParseAsync(body, cancellationToken: either.Token);
            return Of(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new HttpRequestException($"{endpoint.Name} answers with what is no JSON when it is asked for a generation.", exception);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new TimeoutException($"{endpoint.Name} did not say within {Limit} what a generation came to.");
        }
    }

    /// <returns>Null when it names no cost.</returns>
    static Generation? Of(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object) return null;
        if ((WireUsage.Money(data, "total_cost") ?? WireUsage.Money(data, "usage")) is not { } cost) return null;
        if (data.TryGetProperty("is_byok", out var byok) && byok.ValueKind == JsonValueKind.True) cost += WireUsage.Money(data, "upstream_inference_cost") ?? 0;
        var usage = new TokenUsage(
            WireUsage.Count(data, "native_tokens_prompt") ?? WireUsage.Count(data, "tokens_prompt") ?? 0,
            WireUsage.Count(data, "native_tokens_completion") ?? WireUsage.Count(data, "tokens_completion") ?? 0,
            WireUsage.Count(data, "native_tokens_cached") ?? 0, ReasoningTokens: WireUsage.Count(data, "native_tokens_reasoning") ?? 0,
            Images: (int)(WireUsage.Count(data, "num_media_prompt") ?? 0));
        return new Generation(cost, usage, Text(data, "model"), Text(data, "provider_name"), Text(data, "finish_reason"));
    }

    static string? Text(JsonElement data, string name) => data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
