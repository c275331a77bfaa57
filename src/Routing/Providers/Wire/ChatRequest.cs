using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Routing.Providers.Wire;

/// <summary>
/// A chat request before its model is known: the messages, tools and form of the answer, written once, however many attempts there are.
/// </summary>
public sealed class ChatRequest
{
    const int TokensOfAnImage = 1_000, BytesPerToken = 4;

    readonly IReadOnlyList<ChatMessage> messages;
    readonly ChatOptions? options;
    readonly byte[] tail;
    readonly bool hasThoughts;
    byte[]? tailWithoutThoughts;

    /// <exception cref="NotSupportedException">A content or a tool that the wire has no form for.</exception>
    /// <exception cref="ArgumentException">More stop sequences than there can be.</exception>
    public ChatRequest(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        this.messages = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        this.options = options;
        RequestJson.Check(options);
        tail = Write(keepsThoughts: true, out var written);
        (Images, hasThoughts) = (written.Images, written.HasThoughts);
        var needs = new HashSet<string>(written.Needs, StringComparer.Ordinal);
        AddNeeds(needs);
        Needs = needs;
        InputBytes = tail.Length - written.ImageBytes;
        InputTokens = InputBytes / BytesPerToken + (long)written.Images * TokensOfAnImage;
    }

    /// <summary>Of all that is sent, in UTF-8, without images: those weigh what an image weighs, not what its encoding does.</summary>
    public long InputBytes { get; }

    /// <summary>Estimated.</summary>
    public long InputTokens { get; }

    public int Images { get; }

    /// <summary>What a model must understand: tools, json_object, json_schema, reasoning, image, audio, file.</summary>
    public IReadOnlySet<string> Needs { get; }

    public IReadOnlyList<ChatMessage> Messages => messages;

    public ChatOptions? Options => options;

    /// <summary>The body of one attempt.</summary>
    public SentOnce BodyFor(ProviderEndpoint endpoint, ModelAsked asked)
    {
        var head = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(head, RequestJson.Options)) RequestJson.WriteHead(json, endpoint, asked, options);
        var rest = endpoint.Kind == WireKind.OpenRouter || !hasThoughts ? tail : tailWithoutThoughts ??= Write(keepsThoughts: false, out _);
        return new SentOnce(head.WrittenMemory, rest);
    }

    /// <summary>A comma instead of the brace that begins it: it goes on where a head has stopped.</summary>
    byte[] Write(bool keepsThoughts, out MessageJson written)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, RequestJson.Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            written = new MessageJson(json, keepsThoughts);
            if (options?.Instructions is { Length: > 0 } instructions) written.WriteText("system", instructions);
            foreach (var message in messages) written.Write(message);
            json.WriteEndArray();
            if (options is not null) RequestJson.WriteTools(json, options);
            json.WriteEndObject();
        }
        var bytes = buffer.WrittenSpan.ToArray();
        bytes[0] = (byte)',';
        return bytes;
    }

    void AddNeeds(HashSet<string> needs)
    {
        if (options is null) return;
        if (options.Tools is { Count: > 0 }) needs.Add("tools");
        if (options.ResponseFormat is ChatResponseFormatJson form) needs.Add(form.Schema is null ? "json_object" : "json_schema");
        var effort = options.Reasoning?.Effort;
        if (effort is not null and not ReasoningEffort.None || options.AdditionalProperties?.ContainsKey("reasoning") == true
            || options.AdditionalProperties?.ContainsKey("reasoning_effort") == true) needs.Add("reasoning");
    }
}
