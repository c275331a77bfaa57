using System.Text;

namespace Emulators.OpenRouter.Answers;

/// <summary>What one frame of a stream brings: about four tokens of one kind.</summary>
/// <param name="Tool">Which tool call it belongs to; -1 for text.</param>
/// <param name="IsStart">It begins that tool call: its text is the name.</param>
readonly record struct Piece(string Text, bool IsReasoning, int Tool = -1, bool IsStart = false)
{
    const int Bytes = 16;

    public int ByteCount => Encoding.UTF8.GetByteCount(Text);

    /// <summary>The whole answer in the order in which a model makes it.</summary>
    public static IEnumerable<Piece> Of(Answer answer)
    {
        foreach (var text in Split(answer.Reasoning)) yield return new Piece(text, IsReasoning: true);
        foreach (var text in Split(answer.Text)) yield return new Piece(text, IsReasoning: false);
        for (var i = 0; i < answer.ToolCalls.Count; i++)
        {
            yield return new Piece(answer.ToolCalls[i].Name, IsReasoning: false, i, IsStart: true);
            foreach (var text in Split(answer.ToolCalls[i].Arguments)) yield return new Piece(text, IsReasoning: false, i);
        }
    }

    static IEnumerable<string> Split(string text)
    {
        int start = 0, at = 0, bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > Bytes)
            {
                yield return text[start..at];
                (start, bytes) = (at, 0);
            }
            at += rune.Utf16SequenceLength;
            bytes += rune.Utf8SequenceLength;
        }
        if (at > start) yield return text[start..at];
    }
}

/// <summary>How much of an answer has been made so far, in tokens.</summary>
sealed class Produced(Answer answer)
{
    long reasoningBytes, contentBytes;

    public void Add(Piece piece)
    {
        if (piece.IsReasoning) reasoningBytes += piece.ByteCount;
        else contentBytes += piece.ByteCount;
    }

    /// <summary>As if so much of it, from 0 to 1, had been made.</summary>
    public void SetShare(double share)
    {
        var made = (long)(share * (answer.ReasoningBytes + answer.ContentBytes));
        reasoningBytes = Math.Min(made, answer.ReasoningBytes);
        contentBytes = made - reasoningBytes;
    }

    public int Reasoning => answer.ScriptedReasoning is { } scripted ? Share(scripted, reasoningBytes, answer.ReasoningBytes) : Tokens.OfBytes(reasoningBytes);

    public int Completion => answer.ScriptedCompletion is { } scripted
        ? Share(scripted, reasoningBytes + contentBytes, answer.ReasoningBytes + answer.ContentBytes) : Reasoning + Tokens.OfBytes(contentBytes);

    static int Share(int scripted, long made, long all) => all == 0 ? 0 : (int)Math.Ceiling(scripted * (decimal)made / all);
}
