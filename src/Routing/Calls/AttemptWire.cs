using System.Buffers;
using System.Net.Http.Headers;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>The HTTP side of an attempt.</summary>
sealed class AttemptWire(WireConnections connections, AttemptRoute route, CallLimits limits)
{
    const int MostErrorBytes = 64 * 1024;

    static readonly TimeSpan RestOfAnswer = TimeSpan.FromSeconds(1);

    SentOnce? body;
    HttpResponseMessage? response;
    Stream? stream;

    /// <summary>Whether the request has left: what has not cannot be billed.</summary>
    public bool HasLeft => body is { HasLeft: true };

    /// <summary>Headers came.</summary>
    public bool HasAnswer => response is not null;

    /// <summary>Null: none came.</summary>
    public int? Status => (int?)response?.StatusCode;

    /// <summary>Headers came, and their status is none of an answer: nothing was computed.</summary>
    public bool IsRefused => response is { IsSuccessStatusCode: false };

    public string? GenerationId { get; private set; }

    /// <summary>Null: the answer comes whole.</summary>
    public SseReader? Events { get; private set; }

    /// <returns>What the provider refuses it for; null when it answers.</returns>
    public async ValueTask<ProviderFault?> SendAsync(TimeProvider time, CancellationToken ct)
    {
        body = route.Body();
        using var request = new HttpRequestMessage(HttpMethod.Post, route.Url) { Content = body };
        request.Headers.TryAddWithoutValidation("Accept", route.IsStreamed ? "text/event-stream, application/json" : "application/json");
        request.Headers.TryAddWithoutValidation("X-Request-Id", route.SelectionId.ToString());
        response = await connections.SendAsync(route.Endpoint, request, ct);
        if (response.Headers.TryGetValues("X-Generation-Id", out var ids)) GenerationId = ids.FirstOrDefault();
        stream = await response.Content.ReadAsStreamAsync(ct);
        if (!response.IsSuccessStatusCode) return await RefusalAsync(time, ct);
        if (IsEvents(response.Content.Headers.ContentType)) Events = new SseReader(stream, limits.MaxFrameBytes);
        return null;
    }

    /// <param name="onLife">Called for each piece that comes.</param>
    public async ValueTask<ReadOnlyMemory<byte>> ReadWholeAsync(Action onLife, CancellationToken ct)
    {
        var whole = new ArrayBufferWriter<byte>(16 * 1024);
        while (true)
        {
            var count = await stream!.ReadAsync(whole.GetMemory(8 * 1024), ct);
            if (count == 0) break;
            onLife();
            whole.Advance(count);
            if (whole.WrittenCount > limits.MaxAnswerBytes)
                throw new InvalidDataException($"An answer has at most {limits.MaxAnswerBytes} bytes, has {whole.WrittenCount} or more.");
        }
        return whole.WrittenSpan.IndexOfAnyExcept(" \r\n\t"u8) < 0 ? default : whole.WrittenMemory;
    }

    /// <summary>Closes the connection, from whatever thread, while nothing is read.</summary>
    public void Abort() => response?.Dispose();

    /// <param name="isWhole">Nothing is to come but the end of the HTTP answer, after which the connection can be used again.</param>
    public void LetGo(bool isWhole)
    {
        Events?.Dispose();
        body?.Dispose();
        if (response is null) return;
        if (isWhole && stream is not null) _ = DrainAsync(response, stream);
        else response.Dispose();
    }

    async ValueTask<ProviderFault> RefusalAsync(TimeProvider time, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MostErrorBytes);
        var length = 0;
        try
        {
            while (length < MostErrorBytes && await stream!.ReadAsync(buffer.AsMemory(length, MostErrorBytes - length), ct) is var count and > 0) length += count;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The status has come, which is enough.
        }
        var fault = ProviderFault.Of((int)response!.StatusCode, buffer.AsMemory(0, length), response.Headers, time.GetUtcNow());
        ArrayPool<byte>.Shared.Return(buffer);
        return fault;
    }

    static bool IsEvents(MediaTypeHeaderValue? type) => type?.MediaType is "text/event-stream";

    static async Task DrainAsync(HttpResponseMessage response, Stream stream)
    {
        var rest = ArrayPool<byte>.Shared.Rent(256);
        using var limit = new CancellationTokenSource(RestOfAnswer);
        try
        {
            while (await stream.ReadAsync(rest, limit.Token) > 0) { }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // Then the connection is not used again.
        }
        finally
        {
            response.Dispose();
            ArrayPool<byte>.Shared.Return(rest);
        }
    }
}
