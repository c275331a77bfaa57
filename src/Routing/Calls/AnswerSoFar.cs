using Microsoft.Extensions.AI;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What of an answer has come, put together from frames.</summary>
sealed class AnswerSoFar(AnswerFacts facts, TimeProvider time)
{
    readonly ToolCallAssembly toolCalls = new();
    readonly ReasoningDetails thoughts = new();
    DateTimeOffset? createdAt;

    /// <summary>Whether it has said anything yet.</summary>
    public bool HasContent { get; private set; }

    public string? Id { get; private set; }

    /// <returns>What there is to give out; null when the frame says nothing that can be given out yet.</returns>
    public ChatResponseUpdate? Take(ChatChunk chunk)
    {
        Id = chunk.Id ?? Id;
        (facts.Model, facts.ServedBy) = (chunk.Model, chunk.Provider);
        if (chunk.Usage is { } usage) facts.Add(usage);
        foreach (var delta in chunk.ToolCalls) toolCalls.Add(delta);
        thoughts.Add(chunk.ReasoningDetails);
        HasContent |= chunk.HasContent;

        List<AIContent>? contents = null;
        if (chunk.Reasoning is { } reasoning) (contents ??= []).Add(new TextReasoningContent(reasoning));
        if (chunk.Text is { } text) (contents ??= []).Add(new TextContent(text));
        if (chunk.Refusal is { } refusal) (contents ??= []).Add(new ErrorContent(refusal) { ErrorCode = "refusal" });
        foreach (var url in chunk.ImageUrls) (contents ??= []).Add(ImageOf(url));
        var ends = chunk.FinishReason is not null && facts.Finish is null; // the frame with the usage says it again
        if (ends)
        {
            facts.Finish = chunk.FinishReason;
            AddWhatWasHeldBack(ref contents);
        }
        if (contents is null && !ends) return null;
        var update = Update(chunk, contents ?? []);
        if (ends) update.FinishReason = ReasonOf(facts.Finish!);
        return update;
    }

    /// <returns>What was held back until an end that never came by name; null when there is nothing.</returns>
    public ChatResponseUpdate? Rest(ChatChunk chunk)
    {
        List<AIContent>? contents = null;
        AddWhatWasHeldBack(ref contents);
        return contents is null ? null : Update(chunk, contents);
    }

    public ChatResponseUpdate Update(ChatChunk chunk, IList<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = chunk.Id, MessageId = chunk.Id, ModelId = chunk.Model, CreatedAt = createdAt ??= time.GetUtcNow(),
    };

    void AddWhatWasHeldBack(ref List<AIContent>? contents)
    {
        if (!thoughts.IsEmpty) (contents ??= []).Add(new TextReasoningContent("") { ProtectedData = thoughts.Take() });
        if (!toolCalls.IsEmpty) (contents ??= []).AddRange(toolCalls.Take());
    }

    static AIContent ImageOf(string url) => url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? new DataContent(url) : new UriContent(url, "image/*");

    static ChatFinishReason ReasonOf(string finish) => finish switch
    {
        "stop" => ChatFinishReason.Stop,
        "length" => ChatFinishReason.Length,
        "tool_calls" or "function_call" => ChatFinishReason.ToolCalls,
        "content_filter" => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(finish),
    };
}
