using System.Text;
using System.Text.Json;
using Emulators.OpenRouter.Chat;

namespace Emulators.OpenRouter.Answers;

/// <summary>
/// The emulator's tokenizer: a token is four bytes of UTF-8, begun ones count whole. A message costs three tokens besides its text,
/// tools and schemas what their JSON has. Images cost no tokens, only the price of an image.
/// </summary>
static class Tokens
{
    public const int BytesEach = 4, OfAMessage = 3;

    public static int OfBytes(long bytes) => (int)((bytes + BytesEach - 1) / BytesEach);

    public static int Of(string text) => OfBytes(Encoding.UTF8.GetByteCount(text));

    public static int Of(ChatMessage message) => OfAMessage + Of(message.Text);

    public static int Of(ChatRequest request) =>
        OfJson(request.Tools) + OfJson(request.Schema) + request.Messages.Sum(Of);

    public static int OfJson(JsonElement? json) => json is { } value ? Of(value.GetRawText()) : 0;

    /// <summary>The beginning of a text that is at most so many tokens; no character is cut.</summary>
    public static string Cut(string text, int tokens)
    {
        var room = (long)tokens * BytesEach;
        if (text.Length * 3L <= room || Encoding.UTF8.GetByteCount(text) <= room) return text;
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0) break;
            at += rune.Utf16SequenceLength;
        }
        return text[..at];
    }
}
