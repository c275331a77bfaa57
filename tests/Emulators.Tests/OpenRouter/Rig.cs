using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Emulators.OpenRouter;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>One emulator and a client that has a key.</summary>
sealed class Rig : IAsyncDisposable
{
    public const string Key = "sk-or-test";

    Rig(OpenRouterEmulator emulator)
    {
        Emulator = emulator;
        Client = new HttpClient { BaseAddress = emulator.Url, Timeout = TimeSpan.FromSeconds(20) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public OpenRouterEmulator Emulator { get; }

    public HttpClient Client { get; }

    public static async Task<Rig> StartAsync(OpenRouterOptions? options = null) => new(await OpenRouterEmulator.StartAsync(options ?? new(), CancellationToken.None));

    /// <summary>A chat request: the model and one message of the user, and whatever else.</summary>
    public static JsonObject Ask(string model, string text = "Hello", object? more = null)
    {
        var body = new JsonObject { ["model"] = model, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) };
        if (more is not null)
            foreach (var (name, value) in JsonSerializer.SerializeToNode(more)!.AsObject()) body[name] = value?.DeepClone();
        return body;
    }

    public Task<HttpResponseMessage> PostAsync(string path, JsonNode body, CancellationToken ct = default) =>
        Client.PostAsync(path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), ct);

    public Task<HttpResponseMessage> ChatAsync(JsonObject body) => PostAsync("/api/v1/chat/completions", body);

    /// <summary>The document of an answer with status 200.</summary>
    public async Task<JsonElement> AnswerAsync(JsonObject body) => await JsonAsync(await ChatAsync(body));

    public async Task<JsonElement> GetAsync(string path) => await JsonAsync(await Client.GetAsync(path));

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, int status = 200)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
            return JsonDocument.Parse(text).RootElement;
        }
    }

    /// <summary>All the frames of a stream, without comments; the last one is <c>[DONE]</c> when it came.</summary>
    public async Task<IReadOnlyList<string>> FramesAsync(JsonObject body)
    {
        body["stream"] = true;
        using var response = await ChatAsync(body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return Frames(await response.Content.ReadAsStringAsync());
    }

    public static IReadOnlyList<string> Frames(string stream) =>
        [.. stream.ReplaceLineEndings("\n").Split('\n').Where(l => l.StartsWith("data: ", StringComparison.Ordinal)).Select(l => l[6..])];

    public static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    public async Task SendAsync(HttpMethod method, string path, string body, string type = "application/json", int status = 204)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        using var response = await Client.SendAsync(request);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits until every call has ended: the entry of one that broke off may come after its end was seen.</summary>
    public Task SettledAsync() => Eventually.TrueAsync(() => Emulator.Ledger.Running == 0, TimeSpan.FromSeconds(10), "all calls have ended");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Emulator.DisposeAsync();
    }
}
