using System.Buffers;
using System.Text.Json;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Faults;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>The chunks of one stream. What a method returns holds until the next one is called.</summary>
sealed class ChunkJson(Call call, DateTimeOffset now) : IDisposable
{
    readonly ArrayBufferWriter<byte> buffer = new(512);
    Utf8JsonWriter? writer;

    public ReadOnlyMemory<byte> Role() => Choice(json =>
    {
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
    });

    public ReadOnlyMemory<byte> Content(string text) => Choice(json => json.WriteString("content", text));

    public ReadOnlyMemory<byte> Reasoning(string text) => Choice(json => WriteReasoning(json, text));

    public ReadOnlyMemory<byte> ToolStart(int index, ToolCall tool) => Choice(json => WriteTool(json, index, () =>
    {
        json.WriteString("id", tool.Id);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", tool.Name);
        json.WriteString("arguments", "");
        json.WriteEndObject();
    }));

    public ReadOnlyMemory<byte> ToolArguments(int index, string text) => Choice(json => WriteTool(json, index, () =>
    {
        json.WriteStartObject("function");
        json.WriteString("arguments", text);
        json.WriteEndObject();
    }));

    /// <param name="more">What follows the choices, such as usage; null: nothing.</param>
    public ReadOnlyMemory<byte> Finish(Answer answer, Action<Utf8JsonWriter>? more = null) =>
        Choice(WriteNothing, answer.FinishReason, answer.NativeFinishReason, more);

    public ReadOnlyMemory<byte> Usage(Action<Utf8JsonWriter> usage) => Chunk(json =>
    {
        json.WriteStartArray("choices");
        json.WriteEndArray();
        usage(json);
    });

    /// <summary>What was asked, as it reached the provider; the first frame of a call that wants it.</summary>
    public ReadOnlyMemory<byte> Debug(JsonElement body) => Chunk(json =>
    {
        json.WriteStartArray("choices");
        json.WriteEndArray();
        json.WriteStartObject("debug");
        json.WritePropertyName("echo_upstream_body");
        body.WriteTo(json);
        json.WriteEndObject();
    });

    public ReadOnlyMemory<byte> Error(InBandError form, ErrorAnswer error) => form switch
    {
        InBandError.BareFrame or InBandError.ErrorEvent or InBandError.AtTop => Write(json =>
        {
            json.WriteStartObject();
            error.WriteObject(json, "error", now);
            json.WriteEndObject();
        }),
        InBandError.FrameWithoutChoices => Chunk(json =>
        {
            error.WriteObject(json, "error", now);
            json.WriteStartArray("choices");
            json.WriteEndArray();
        }),
        InBandError.InChoice => Chunk(json => WriteChoice(json, WriteNothing, "error", null, inner: () => error.WriteObject(json, "error", now))),
        _ => Chunk(json =>
        {
            error.WriteObject(json, "error", now, hasTextCode: form == InBandError.FrameWithTextCode);
            WriteChoice(json, WriteNothing, "error", null);
        }),
    };

    public static void WriteReasoning(Utf8JsonWriter json, string text)
    {
        json.WriteString("reasoning", text);
        json.WriteStartArray("reasoning_details");
        json.WriteStartObject();
        json.WriteString("type", "reasoning.text");
        json.WriteString("text", text);
        json.WriteString("format", "unknown");
        json.WriteNumber("index", 0);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    public void Dispose() => writer?.Dispose();

    static void WriteNothing(Utf8JsonWriter json) => json.WriteString("content", "");

    static void WriteTool(Utf8JsonWriter json, int index, Action rest)
    {
        json.WriteNull("content");
        json.WriteStartArray("tool_calls");
        json.WriteStartObject();
        json.WriteNumber("index", index);
        rest();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    ReadOnlyMemory<byte> Choice(Action<Utf8JsonWriter> delta, string? finish = null, string? native = null, Action<Utf8JsonWriter>? more = null) => Chunk(json =>
    {
        WriteChoice(json, delta, finish, native);
        more?.Invoke(json);
    });

    static void WriteChoice(Utf8JsonWriter json, Action<Utf8JsonWriter> delta, string? finish, string? native, Action? inner = null)
    {
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        delta(json);
        json.WriteEndObject();
        json.WriteString("finish_reason", finish);
        json.WriteString("native_finish_reason", native);
        json.WriteNull("logprobs");
        inner?.Invoke();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    ReadOnlyMemory<byte> Chunk(Action<Utf8JsonWriter> rest) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id);
        json.WriteString("provider", call.Model!.Provider);
        json.WriteString("model", call.Model.Id);
        json.WriteString("object", "chat.completion.chunk");
        json.WriteNumber("created", call.Created);
        rest(json);
        json.WriteEndObject();
    });

    ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        buffer.ResetWrittenCount();
        if (writer is null) writer = new Utf8JsonWriter(buffer, JsonForm.Options);
        else writer.Reset();
        write(writer);
        writer.Flush();
        return buffer.WrittenMemory;
    }
}
