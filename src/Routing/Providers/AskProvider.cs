using System.Net;
using System.Net.Http.Headers;

namespace Routing.Providers;

/// <summary>One small question to a provider, such as for its models; bounded in time and size. Calls of models go another way.</summary>
public sealed class AskProvider(ProviderHttp http, TimeProvider time)
{
    /// <param name="path">Such as <c>models</c>.</param>
    /// <param name="mostBytes">Of the answer, unpacked.</param>
    public async Task<ProviderReply> RunAsync(Provider provider, ProviderKey? key, string path, int mostBytes, TimeSpan within, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        var url = provider.Endpoint(path);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            foreach (var (name, value) in provider.Headers) request.Headers.TryAddWithoutValidation(name, value);
            key?.Authorize(request.Headers);
            using var response = await http.For(provider).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var body = await ReadAsync(response, mostBytes, either.Token);
            return body is null ? new ProviderReply.Unreachable($"{url} answers with more than {mostBytes} bytes", time.GetElapsedTime(started))
                : new ProviderReply.Answered(response.StatusCode, body, time.GetElapsedTime(started));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new ProviderReply.Unreachable($"{url} did not answer within {within.TotalSeconds:0.#} s", time.GetElapsedTime(started));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new ProviderReply.Unreachable($"{url} cannot be reached: {Reason(e)}", time.GetElapsedTime(started));
        }
    }

    /// <returns>Null when it is too large.</returns>
    static async Task<byte[]?> ReadAsync(HttpResponseMessage response, int mostBytes, CancellationToken ct)
    {
        if (response.Content.Headers.ContentLength > mostBytes) return null;
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct)) > 0)
        {
            if (body.Length + read > mostBytes) return null;
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    static string Reason(Exception e) => e switch
    {
        HttpRequestException { InnerException: ForbiddenAddressException forbidden } => forbidden.Message.TrimEnd('.'),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name is not known",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: { } inner } => inner.Message.TrimEnd('.'),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => "what listens there does not speak HTTP",
        _ => "the answer broke off",
    };
}

public abstract record ProviderReply(TimeSpan Took)
{
    /// <param name="Body">May be anything.</param>
    public sealed record Answered(HttpStatusCode Status, byte[] Body, TimeSpan Took) : ProviderReply(Took)
    {
        public bool IsSuccess => (int)Status is >= 200 and < 300;

        /// <summary>Such as <c>401 (Unauthorized)</c>.</summary>
        public string StatusText => $"{(int)Status} ({Status})";
    }

    /// <summary>No whole answer came.</summary>
    public sealed record Unreachable(string Reason, TimeSpan Took) : ProviderReply(Took);
}
