using System.Globalization;
using Emulators.OpenRouter.Answers;

namespace Emulators.OpenRouter.Billing;

/// <summary><c>gen-SECONDS-TWENTYLETTERS</c>, in which the first nine letters are the call's number, so that no table is needed to find it again.</summary>
static class GenerationId
{
    const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const int NumberLetters = 9, OtherLetters = 11;

    public static string Of(long number, DateTimeOffset startedAt, ulong salt)
    {
        Span<char> tail = stackalloc char[NumberLetters + OtherLetters];
        Write(tail[..NumberLetters], (ulong)number);
        Write(tail[NumberLetters..], new Chance((ulong)number ^ salt).Next());
        return string.Create(CultureInfo.InvariantCulture, $"gen-{startedAt.ToUnixTimeSeconds()}-{tail}");
    }

    /// <returns>The number that an id seems to hold; null when it holds none.</returns>
    public static long? Number(string id)
    {
        if (id.Split('-') is not ["gen", _, { Length: NumberLetters + OtherLetters } tail]) return null;
        var number = 0L;
        foreach (var letter in tail.AsSpan(0, NumberLetters))
        {
            if (Letters.IndexOf(letter, StringComparison.Ordinal) is not (>= 0 and var digit)) return null;
            number = number * Letters.Length + digit;
        }
        return number;
    }

    static void Write(Span<char> into, ulong number)
    {
        for (var at = into.Length - 1; at >= 0; at--, number /= (ulong)Letters.Length) into[at] = Letters[(int)(number % (ulong)Letters.Length)];
    }
}
