namespace Crawlers.Logs.Redaction;

/// <summary>Numbers that name a person or an account, known by their form and their check digits; identifiers, hashes and times stay.</summary>
static class FindNumbers
{
    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        for (var at = 0; text[at..].IndexOfAnyInRange('0', '9') is var next and >= 0;)
        {
            at += next;
            var end = Phone(text, at, found);
            if (end == 0) end = Iban.Find(text, at, found);
            if (end == 0) end = SocialSecurity(text, at, found);
            if (end == 0) end = Card(text, at, found);
            if (end == 0)
            {
                var length = text[at..].IndexOfAnyExceptInRange('0', '9');
                end = length < 0 ? text.Length : at + length;
            }
            at = end;
        }
    }

    // 4111 1111 1111 1111, 3782-822463-10005, or without signs between
    static int Card(ReadOnlySpan<char> text, int at, Findings found)
    {
        if (!Opens(text, at) || text[at] is '0' or '1' or '7' or '8' or '9') return 0;
        Span<char> digits = stackalloc char[20];
        Span<int> groups = stackalloc int[6];
        int count = 0, group = 0, end = at, inGroup = 0, best = 0;
        var between = '\0';
        for (; end < text.Length && count < 20; end++)
        {
            if (char.IsAsciiDigit(text[end]))
            {
                digits[count++] = text[end];
                inGroup++;
                continue;
            }
            groups[group] = inGroup;
            if (IsCard(digits[..count], groups[..(group + 1)]) && Closes(text, end)) best = end;
            if (text[end] is not (' ' or '-') || (between != '\0' && text[end] != between) || inGroup is < 4 or > 6 || group == 4) break;
            between = text[end];
            group++;
            inGroup = 0;
        }
        if (end == text.Length && inGroup > 0 && count < 20)
        {
            groups[group] = inGroup;
            if (IsCard(digits[..count], groups[..(group + 1)])) best = end;
        }
        found.Add(at, best, "card");
        return best;
    }

    static bool IsCard(ReadOnlySpan<char> digits, ReadOnlySpan<int> groups)
    {
        if (digits.Length is < 13 or > 19) return false;
        var hasForm = groups.Length == 1 || (groups.Length >= 4 && !groups[..^1].ContainsAnyExcept(4) && groups[^1] <= 4) || (groups is [4, 6, 4 or 5]);
        if (!hasForm || (digits[0] == '3' && digits[1] is not ('0' or '4' or '5' or '6' or '7' or '8'))) return false;
        // Luhn, ISO/IEC 7812-1
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
        }
        return sum % 10 == 0 && digits.ContainsAnyExcept(digits[0]);
    }

    static int SocialSecurity(ReadOnlySpan<char> text, int at, Findings found)
    {
        if (at + 11 > text.Length || text[at + 3] != '-' || text[at + 6] != '-' || !Opens(text, at) || !Closes(text, at + 11)) return 0;
        var area = text.Slice(at, 3);
        var group = text.Slice(at + 4, 2);
        var serial = text.Slice(at + 7, 4);
        if (area.ContainsAnyExceptInRange('0', '9') || group.ContainsAnyExceptInRange('0', '9') || serial.ContainsAnyExceptInRange('0', '9')) return 0;
        if (area is "000" or "666" || area[0] == '9' || group is "00" || serial is "0000") return 0;
        found.Add(at, at + 11, "ssn");
        return at + 11;
    }

    // +49 30 1234567, +1 (555) 010-0000: E.164, at most 15 digits
    static int Phone(ReadOnlySpan<char> text, int at, Findings found)
    {
        if (at == 0 || text[at - 1] != '+' || text[at] == '0' || (at > 1 && (char.IsAsciiLetterOrDigit(text[at - 2]) || text[at - 2] is '+' or '.'))) return 0;
        int count = 0, inGroup = 0, best = 0;
        for (var end = at; end < text.Length && count < 15; end++)
        {
            if (char.IsAsciiDigit(text[end]))
            {
                count++;
                inGroup++;
                var least = end - at == count - 1 ? 10 : 8; // one run of digits with a sign is more often a number than a short telephone
                if (count >= least && Closes(text, end + 1)) best = end + 1;
                continue;
            }
            if (text[end] is not (' ' or '-' or '.' or '/' or '(' or ')') || (inGroup == 0 && text[end] is not '(' && text[end - 1] is not ')')) break;
            if (end + 1 >= text.Length || (text[end + 1] is not '(' && !char.IsAsciiDigit(text[end + 1]) && text[end] is not ')')) break;
            inGroup = 0;
        }
        if (best > 0) found.Add(at - 1, best, "phone");
        return best;
    }

    // No part of a word, of a longer number or of a fraction, and not below zero.
    static bool Opens(ReadOnlySpan<char> text, int at) => at == 0 || !(char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] is '_' || (text[at - 1] is '-' && (at == 1 || !char.IsAsciiLetter(text[at - 2]))) || (text[at - 1] is '.' or ',' && at > 1 && char.IsAsciiDigit(text[at - 2]))) || IsEscape(text, at);

    static bool IsEscape(ReadOnlySpan<char> text, int at) => char.IsAsciiLetter(text[at - 1]) && Chars.IsEdge(text, at);

    static bool Closes(ReadOnlySpan<char> text, int end) => end >= text.Length || !(char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' || (text[end] is '.' or '-' && end + 1 < text.Length && char.IsAsciiLetterOrDigit(text[end + 1])));
}
