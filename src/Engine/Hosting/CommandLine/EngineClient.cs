using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Hosting.CommandLine;

/// <summary>Speaks REST to a running engine; whatever is not a success becomes a <see cref="CommandException"/>.</summary>
public sealed class EngineClient : IDisposable
{
    /// <summary>More than any page of the API; an answer past it is not from an engine.</summary>
    const int LargestAnswerBytes = 16 * 1024 * 1024;

    static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    readonly EngineAddress address;
    readonly HttpClient http;

    /// <param name="timeout">How long one answer may take.</param>
    public EngineClient(EngineAddress address, TimeSpan timeout)
    {
        this.address = address;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // the token goes nowhere else
            ConnectTimeout = ConnectTimeout,
            UseProxy = !address.IsLoopback,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        })
        {
            BaseAddress = new Uri(address.Url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/"),
            Timeout = timeout,
            MaxResponseContentBufferSize = LargestAnswerBytes,
        };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("engine-cli", EngineVersion.Text));
        if (address.Token is { } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task<EngineReply> GetAsync(string path, CancellationToken ct) =>
        Demand(await SendAsync(HttpMethod.Get, path, null, null, ct));

    public async Task<EngineReply> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken ct, params (string Name, string Value)[] headers) =>
        Demand(await SendAsync(method, path, body, headers, ct));

    /// <summary>Sends text as it comes, however long that takes.</summary>
    public async Task<EngineReply> PourAsync(string path, Stream text, CancellationToken ct) => Demand(await ReachAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path.TrimStart('/')) { Content = new PouredContent(text) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        using var response = await http.SendAsync(request, ct);
        return new EngineReply(response.StatusCode, Read(response, await response.Content.ReadAsByteArrayAsync(ct)), null);
    }, ct));

    /// <returns>The answer whatever its status: for the doctor, who judges it.</returns>
    public async Task<EngineReply> AskAsync(string path, CancellationToken ct) => await SendAsync(HttpMethod.Get, path, null, null, ct);

    public void Dispose() => http.Dispose();

    /// <summary>Opens a stream of server-sent events.</summary>
    /// <param name="lastEventId">Where to go on; null: from now on.</param>
    public Task<EngineFeed> OpenAsync(string path, string? lastEventId, CancellationToken ct) => OpenAsync(() =>
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path.TrimStart('/'));
        if (lastEventId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        return request;
    }, ct);

    /// <summary>Sends something that is answered with a stream of server-sent events.</summary>
    public Task<EngineFeed> OpenAsync(string path, JsonObject body, CancellationToken ct) => OpenAsync(() => new HttpRequestMessage(HttpMethod.Post, path.TrimStart('/'))
    {
        Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
    }, ct);

    Task<EngineFeed> OpenAsync(Func<HttpRequestMessage> make, CancellationToken ct) => ReachAsync(async () =>
    {
        using var request = make();
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "text/event-stream")
            return new EngineFeed(response, await response.Content.ReadAsStreamAsync(ct));
        using (response)
        {
            Demand(new EngineReply(response.StatusCode, Read(response, await response.Content.ReadAsByteArrayAsync(ct)), null));
            throw Stranger(response);
        }
    }, ct);

    Task<EngineReply> SendAsync(
        HttpMethod method, string path, JsonObject? body, IEnumerable<(string Name, string Value)>? headers, CancellationToken ct) => ReachAsync(async () =>
    {
        using var request = new HttpRequestMessage(method, path.TrimStart('/'));
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers ?? []) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request, ct);
        var bytes = await response.Content.ReadAsByteArrayAsync(ct);
        return new EngineReply(response.StatusCode, Read(response, bytes), response.Headers.ETag?.ToString());
    }, ct);

    /// <summary>Puts into words why nobody answers.</summary>
    async Task<T> ReachAsync<T>(Func<Task<T>> ask, CancellationToken ct)
    {
        try
        {
            return await ask();
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.Unreachable, $"No answer from {address.Url} within {http.Timeout.TotalSeconds:0.#} s.",
                "see what the engine is busy with in its log; `engine doctor` checks the rest.", e);
        }
        catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new CommandException(ExitCode.Failed, $"{address.Url} answers with more than {LargestAnswerBytes} bytes: it is not an engine.", null, e);
        }
        catch (HttpRequestException e)
        {
            throw new CommandException(ExitCode.Unreachable, $"No engine answers at {address.Url}: {Reason(e)}.",
                "start one with `engine run`, or name another with --url or ENGINE_URL; `engine doctor` finds out more.", e);
        }
    }

    static string Reason(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "its name is not known",
        HttpRequestError.SecureConnectionError => $"no secure connection ({e.InnerException?.Message ?? e.Message})",
        HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded => "what listens there does not speak HTTP",
        HttpRequestError.ConnectionError => (e.InnerException?.Message ?? e.Message).TrimEnd('.'),
        _ => e.Message.TrimEnd('.'),
    };

    JsonElement? Read(HttpResponseMessage response, byte[] bytes)
    {
        if (bytes.Length == 0) return null;
        var isJson = response.Content.Headers.ContentType?.MediaType is { } type && (type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal));
        try
        {
            if (isJson) return JsonElement.Parse(bytes);
        }
        catch (JsonException)
        {
            // Falls through: what calls itself JSON and is none is told like any other stranger's answer.
        }
        return response.IsSuccessStatusCode ? throw Stranger(response) : null;
    }

    CommandException Stranger(HttpResponseMessage response) =>
        new(ExitCode.Failed, $"{address.Url} answers, but not as an engine does ({response.Content.Headers.ContentType?.MediaType ?? "no content type"}).",
            "check the address in --url, ENGINE_URL or the client's configuration.");

    EngineReply Demand(EngineReply reply)
    {
        if (ExitCodes.Of(reply.Status) is var code && code == ExitCode.Done) return reply;
        var text = $"{reply.Detail ?? $"The engine answers {(int)reply.Status} ({reply.Status})."} [{reply.Code ?? $"http {(int)reply.Status}"}]";
        if (code == ExitCode.Failed && reply.TraceId is { } trace) text += $" (trace {trace})";
        throw new CommandException(code, text, Remedy(reply)) { Status = reply.Status };
    }

    string? Remedy(EngineReply reply) => reply.Status switch
    {
        _ when reply.Code is null => "this is not how an engine refuses: check the address in --url, ENGINE_URL or the client's configuration.",
        HttpStatusCode.Unauthorized when address.Token is null =>
            $"give a token: {EngineAddress.TokenHint}",
        HttpStatusCode.Unauthorized => $"the token came from {address.TokenOrigin}; ask an admin for a new one (`engine tokens create`).",
        HttpStatusCode.Forbidden => $"the token came from {address.TokenOrigin}; use one with a higher role.",
        HttpStatusCode.TooManyRequests => "wait a moment and try again.",
        HttpStatusCode.ServiceUnavailable => "the engine is up but cannot work right now; `engine doctor` says why.",
        _ => null,
    };
}
