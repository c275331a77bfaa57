using System.Net.Http.Headers;

namespace Routing.Providers.Wire;

/// <summary>Which dialect of the chat wire a provider speaks.</summary>
public enum WireKind
{
    /// <summary>OpenRouter and its emulator: names its cost, knows data rules, tells a generation's cost afterwards.</summary>
    OpenRouter,

    /// <summary>OpenAI itself.</summary>
    OpenAi,

    /// <summary>Whatever else speaks it: vLLM, Ollama, llama.cpp.</summary>
    Compatible,
}

/// <summary>Where a provider's calls go, and with which key.</summary>
/// <param name="Name">Of the provider's row.</param>
/// <param name="BaseUrl">What <c>/chat/completions</c> follows, such as <c>https://openrouter.ai/api/v1</c>.</param>
/// <param name="Authorize">Puts its key on a request, which is all that can be done with it here; null: it asks for none.</param>
public sealed record ProviderEndpoint(string Name, WireKind Kind, Uri BaseUrl, Action<HttpRequestHeaders>? Authorize)
{
    /// <summary>Sent with each call, such as <c>HTTP-Referer</c> and <c>X-OpenRouter-Title</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Answers are asked for as streams, for callers that want them whole too: only then is a silent route told from one that thinks, and only then
    /// does a provider stop working, and billing, when the caller leaves. False: it answers whole only.
    /// </summary>
    public bool CanStream { get; init; } = true;

    public Uri ChatUrl { get; } = Below(BaseUrl, "chat/completions");

    public Uri EmbeddingsUrl { get; } = Below(BaseUrl, "embeddings");

    public Uri GenerationUrl(string generationId) => Below(BaseUrl, "generation?id=" + Uri.EscapeDataString(generationId));

    public override string ToString() => $"{Name} ({Kind}, {BaseUrl})";

    static Uri Below(Uri url, string path) => new($"{url.AbsoluteUri.TrimEnd('/')}/{path}");
}
