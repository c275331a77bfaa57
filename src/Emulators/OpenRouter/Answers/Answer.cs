using System.Text;

namespace Emulators.OpenRouter.Answers;

/// <summary>What a model says to one call, whole: how much of it leaves, and when, is another matter.</summary>
/// <param name="FinishReason">As OpenRouter words it.</param>
sealed record Answer(string Reasoning, string Text, IReadOnlyList<ToolCall> ToolCalls, string FinishReason)
{
    /// <summary>As a provider words it.</summary>
    public string NativeFinishReason => FinishReason switch { "length" => "max_tokens", "tool_calls" => "tool_use", var other => other };

    /// <summary>Completion tokens that a rule wants billed; null: as counted.</summary>
    public int? ScriptedCompletion { get; init; }

    public int? ScriptedReasoning { get; init; }

    public TimeSpan Delay { get; init; }

    public int ReasoningTokens => ScriptedReasoning ?? Tokens.Of(Reasoning);

    public int CompletionTokens => ScriptedCompletion ?? ReasoningTokens + Tokens.OfBytes(ContentBytes);

    /// <summary>Bytes of text and tool calls.</summary>
    public int ContentBytes => Encoding.UTF8.GetByteCount(Text) + ToolCalls.Sum(c => c.Bytes);

    public int ReasoningBytes => Encoding.UTF8.GetByteCount(Reasoning);
}

/// <param name="Arguments">JSON text, perhaps cut by the limit.</param>
sealed record ToolCall(string Id, string Name, string Arguments)
{
    public int Bytes => Encoding.UTF8.GetByteCount(Name) + Encoding.UTF8.GetByteCount(Arguments);
}
