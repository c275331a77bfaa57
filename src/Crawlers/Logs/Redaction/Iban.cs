namespace Crawlers.Logs.Redaction;

/// <summary>International bank account numbers (ISO 13616): by country, its length, and the remainder 1 of 97.</summary>
static class Iban
{
    // From the registry of IBAN formats: two letters, then the length.
    const string Lengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";

    /// <param name="at">The first of the check digits.</param>
    /// <returns>Its end; 0 when there is none.</returns>
    public static int Find(ReadOnlySpan<char> text, int at, Findings found)
    {
        var start = at - 2;
        if (start < 0 || !char.IsAsciiLetterUpper(text[start]) || !char.IsAsciiLetterUpper(text[start + 1]) || !Chars.IsEdge(text, start)) return 0;
        var length = LengthOf(text.Slice(start, 2));
        if (length == 0) return 0;
        Span<char> number = stackalloc char[34];
        var (count, end) = (0, start);
        for (; end < text.Length && count < length; end++)
        {
            if (text[end] is ' ' or '-' && count % 4 == 0 && text[end - 1] is not (' ' or '-')) continue;
            if (!char.IsAsciiDigit(text[end]) && !char.IsAsciiLetterUpper(text[end])) return 0;
            number[count++] = text[end];
        }
        if (count < length || !Chars.IsEnd(text, end) || Remainder(number[..length]) != 1) return 0;
        found.Add(start, end, "iban");
        return end;
    }

    static int LengthOf(ReadOnlySpan<char> country)
    {
        for (var i = 0; i < Lengths.Length; i += 4)
            if (country[0] == Lengths[i] && country[1] == Lengths[i + 1]) return (Lengths[i + 2] - '0') * 10 + Lengths[i + 3] - '0';
        return 0;
    }

    // ISO 7064, mod 97-10: the first four go to the end, letters count from 10
    static int Remainder(ReadOnlySpan<char> number)
    {
        var rest = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var c = number[(i + 4) % number.Length];
            rest = char.IsAsciiDigit(c) ? (rest * 10 + c - '0') % 97 : (rest * 100 + c - 'A' + 10) % 97;
        }
        return rest;
    }
}
