using System.Text;

namespace Emulators.OpenRouter.Answers;

/// <summary>Text that follows from a seed: plain sentences, with a few words that take more than one byte a letter.</summary>
static class EmulatedText
{
    static readonly string[] Words =
    [
        "the", "service", "error", "handler", "returns", "a", "value", "after", "each", "retry", "and", "cache", "is", "warm", "when", "load", "grows", "so", "we",
        "check", "logs", "first", "then", "fix", "its", "cause", "with", "care", "naïve", "Größe", "façade", "résumé", "日本", "Ωmega", "✓", "🚀", "test", "passes",
        "again", "deploy", "slowly", "watch", "metrics", "roll", "back", "if", "worse", "budget", "holds", "model", "answers", "in", "time", "plan", "next", "step",
    ];

    /// <summary>So many words, in sentences.</summary>
    public static string Sentences(Chance chance, int words)
    {
        var text = new StringBuilder(words * 6);
        var left = 0;
        for (var i = 0; i < words; i++)
        {
            if (left == 0)
            {
                if (i > 0) text.Append(". ");
                left = 5 + chance.Below(8);
            }
            else text.Append(' ');
            text.Append(Words[chance.Below(Words.Length)]);
            left--;
        }
        return text.Append('.').ToString();
    }

    /// <summary>Text of exactly so many tokens.</summary>
    public static string OfTokens(Chance chance, int tokens) => tokens == 0 ? "" : Tokens.Cut(Sentences(chance, tokens * 2), tokens);
}
