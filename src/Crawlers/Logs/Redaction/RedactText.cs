using System.Buffers;
using System.Text;

namespace Crawlers.Logs.Redaction;

/// <summary>
/// Takes secrets and personal data out of text that is going to be stored or shown. In time that grows with the text and no faster: nothing
/// backtracks, and what is looked at around a candidate is bounded. Addresses of machines stay, for an operator needs them.
/// </summary>
public static class RedactText
{
    internal const string MarkStart = "[redacted:";
    const int MaxMark = 40;

    static readonly SearchValues<char> KindLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");
    static readonly SearchValues<char> Between = SearchValues.Create(" \t\r\n,;:'\"\\[](){}=&");

    /// <summary>What is left may show a secret that what was there had hidden, such as the second of two numbers.</summary>
    const int MaxRounds = 4;

    /// <returns>The text with marks such as <c>[redacted:aws_key]</c>; running it again changes nothing.</returns>
    public static RedactedText Run(string text)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var round = 0; round < MaxRounds; round++)
        {
            var found = new Findings();
            FindKeyBlocks.Run(text, found);
            FindTokens.Run(text, found);
            FindHeaders.Run(text, found);
            FindSecretValues.Run(text, found);
            FindUserinfo.Run(text, found);
            FindMail.Run(text, found);
            FindNumbers.Run(text, found);
            var marks = Marks(text);
            var replaced = found.Merged(marks);
            replaced.RemoveAll(f => IsMasked(text.AsSpan(f.Start, f.End - f.Start)));
            if (replaced.Count == 0) break;
            text = Replace(text, replaced, counts);
        }
        return new RedactedText(text, counts);
    }

    static List<Finding> Marks(string text)
    {
        var marks = new List<Finding>();
        for (var at = 0; (at = text.IndexOf(MarkStart, at, StringComparison.Ordinal)) >= 0; at += MarkStart.Length)
            if (MarkLength(text.AsSpan(at)) is var length and > 0) marks.Add(new Finding(at, at + length, ""));
        return marks;
    }

    /// <returns>0 when the text does not begin with a mark.</returns>
    internal static int MarkLength(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith(MarkStart, StringComparison.Ordinal)) return 0;
        var kind = text[MarkStart.Length..Math.Min(MaxMark, text.Length)];
        var length = kind.IndexOfAnyExcept(KindLetters);
        return length > 0 && kind[length] == ']' ? MarkStart.Length + length + 1 : 0;
    }

    // Nothing but marks and what stands between them.
    static bool IsMasked(ReadOnlySpan<char> found)
    {
        while (found.IndexOf(MarkStart) is var at and >= 0)
        {
            if (found[..at].ContainsAny(Chars.Alphanumeric)) return false;
            var length = MarkLength(found[at..]);
            if (length == 0) return false;
            found = found[(at + length)..];
        }
        return !found.ContainsAnyExcept(Between);
    }

    static string Replace(string text, List<Finding> found, SortedDictionary<string, int> counts)
    {
        var result = new StringBuilder(text.Length);
        var from = 0;
        foreach (var finding in found)
        {
            result.Append(text, from, finding.Start - from).Append(MarkStart).Append(finding.Kind).Append(']');
            counts[finding.Kind] = counts.GetValueOrDefault(finding.Kind) + 1;
            from = finding.End;
        }
        return result.Append(text, from, text.Length - from).ToString();
    }
}

/// <param name="Counts">How many were taken out, by kind.</param>
public sealed record RedactedText(string Text, IReadOnlyDictionary<string, int> Counts);
