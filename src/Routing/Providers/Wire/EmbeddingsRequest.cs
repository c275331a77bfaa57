using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Routing.Providers.Wire;

/// <summary>Texts that vectors are wanted of.</summary>
/// <param name="dimensions">Null: the model's own.</param>
public sealed class EmbeddingsRequest(IReadOnlyList<string> inputs, int? dimensions)
{
    const int BytesPerToken = 4;

    readonly byte[] tail = Write(inputs, dimensions);

    public int Count => inputs.Count;

    /// <summary>Of all that is sent, in UTF-8.</summary>
    public long InputBytes => tail.Length;

    /// <summary>Estimated.</summary>
    public long InputTokens => InputBytes / BytesPerToken;

    public SentOnce BodyFor(string model)
    {
        var head = new ArrayBufferWriter<byte>(64);
        using (var json = new Utf8JsonWriter(head, RequestJson.Options))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
        }
        return new SentOnce(head.WrittenMemory, tail);
    }

    static byte[] Write(IReadOnlyList<string> inputs, int? dimensions)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, RequestJson.Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("input");
            foreach (var input in inputs) json.WriteStringValue(input);
            json.WriteEndArray();
            if (dimensions is { } wanted) json.WriteNumber("dimensions", wanted);
            json.WriteEndObject();
        }
        var bytes = buffer.WrittenSpan.ToArray();
        bytes[0] = (byte)','; // it goes on where the head has stopped
        return bytes;
    }
}

/// <summary>Vectors as a provider sends them.</summary>
/// <param name="Vectors">In the order of the texts.</param>
/// <param name="Error">An answer that has one has failed, whatever its status.</param>
public sealed record EmbeddingsAnswer(IReadOnlyList<float[]> Vectors, string? Id, string? Model, string? ServedBy, WireUsage? Usage, WireError? Error)
{
    /// <exception cref="JsonException">It is none.</exception>
    public static EmbeddingsAnswer Of(ReadOnlyMemory<byte> json, int count)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("An answer is an object.");
        try
        {
            return Of(root, count);
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new JsonException("A value of the answer is missing or of another kind.", exception);
        }
    }

    static EmbeddingsAnswer Of(JsonElement root, int count)
    {
        var error = root.TryGetProperty("error", out var told) && told.ValueKind is JsonValueKind.Object or JsonValueKind.String ? WireError.Of(told) : null;
        var usage = root.TryGetProperty("usage", out var used) ? WireUsage.Of(used) : null;
        if (usage is { HasTokens: false } && WireUsage.Count(used, "prompt_tokens") is not null) usage = usage with { HasTokens = true }; // vectors are no tokens
        return new EmbeddingsAnswer(error is null ? VectorsOf(root, count) : [], Text(root, "id"), Text(root, "model"), Text(root, "provider"), usage, error);
    }

    static float[][] VectorsOf(JsonElement root, int count)
    {
        if (!root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array) throw new JsonException("The answer has no data.");
        var vectors = new float[count][];
        foreach (var (item, position) in data.EnumerateArray().Select((item, position) => (item, position)))
        {
            var index = item.TryGetProperty("index", out var number) && number.TryGetInt32(out var given) ? given : position;
            if (index < 0 || index >= count) throw new JsonException($"There is a vector {index} of {count} texts.");
            vectors[index] = VectorOf(item.GetProperty("embedding"));
        }
        return Array.IndexOf(vectors, null) is >= 0 and var missing ? throw new JsonException($"There is no vector {missing} of {count}.") : vectors;
    }

    static float[] VectorOf(JsonElement embedding) => embedding.ValueKind switch
    {
        JsonValueKind.String => MemoryMarshal.Cast<byte, float>(embedding.GetBytesFromBase64()).ToArray(),
        JsonValueKind.Array => [.. embedding.EnumerateArray().Select(v => v.GetSingle())],
        _ => throw new JsonException("A vector is an array."),
    };

    static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
