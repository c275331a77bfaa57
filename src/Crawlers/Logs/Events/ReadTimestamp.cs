namespace Crawlers.Logs.Events;

/// <summary>Recognises the time that a line begins with, by the grammar of its groups of digits rather than by a list of formats.</summary>
static class ReadTimestamp
{
    static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    static ReadOnlySpan<byte> Days => "MonTueWedThuFriSatSun"u8;

    /// <returns>False when no time begins there. A clock alone and a date with a four-digit year alone are times.</returns>
    public static bool TryMatch(ReadOnlySpan<byte> text, out Timestamp time)
    {
        time = default;
        if (text.Length < 8) return false;
        if (IsDigit(text[0])) return Numeric(text, out time);
        return text[0] is >= (byte)'A' and <= (byte)'Z' && Named(text, out time);
    }

    static bool Numeric(ReadOnlySpan<byte> text, out Timestamp time)
    {
        time = default;
        var first = Digits(text, 0, out var a);
        if (first >= text.Length) return first is 10 or 13 or 16 or 19 && Epoch(text, first, a, out time);
        var separator = text[first];
        if (first is 1 or 2 && separator == (byte)':') return Clock(text, 0, 0, 0, 0, out time);
        if (first is 10 or 13 or 16 or 19) return Epoch(text, first, a, out time);
        if (first == 8) return Joined(text, first, (int)(a / 10000), (int)(a / 100 % 100), (int)(a % 100), out time);
        if (first == 4 && separator == (byte)' ') return Joined(text, first, 0, (int)(a / 100), (int)(a % 100), out time); // klog
        if (first == 6 && separator == (byte)' ') return Joined(text, first, 2000 + (int)(a / 10000), (int)(a / 100 % 100), (int)(a % 100), out time);
        if (first == 2 && separator is (byte)'/' or (byte)' ' or (byte)'-' && Month(text, first + 1) is var named and > 0) return DayMonthYear(text, first + 4, (int)a, named, out time);
        if (separator is not ((byte)'-' or (byte)'/' or (byte)'.')) return false;
        var second = Digits(text, first + 1, out var b);
        var at = first + 1 + second;
        if (second is not (1 or 2) || first is not (1 or 2 or 4)) return false;
        if (at < text.Length && text[at] == separator)
        {
            var third = Digits(text, at + 1, out var c);
            var end = at + 1 + third;
            if (first == 4 && third is 1 or 2) return After(text, end, (int)a, (int)b, (int)c, mayStandAlone: true, out time);
            if (first <= 2 && third == 4)
            {
                var dayFirst = a > 12 || separator == (byte)'.';
                return After(text, end, (int)c, dayFirst ? (int)b : (int)a, dayFirst ? (int)a : (int)b, mayStandAlone: true, out time);
            }
            return first == 2 && third == 2 && After(text, end, 2000 + (int)a, (int)b, (int)c, mayStandAlone: false, out time);
        }
        return first <= 2 && a is >= 1 and <= 12 && b is >= 1 and <= 31 && After(text, at, 0, (int)a, (int)b, mayStandAlone: false, out time);
    }

    static bool Epoch(ReadOnlySpan<byte> text, int length, long value, out Timestamp time)
    {
        time = default;
        if (text[0] != (byte)'1') return false;
        var ticks = 0;
        if (length < text.Length && text[length] == (byte)'.') length += 1 + Fraction(text, length + 1, out ticks);
        if (length < text.Length && text[length] is not ((byte)' ' or (byte)'\t' or (byte)']' or (byte)'|' or (byte)',' or (byte)':')) return false;
        time = new Timestamp(length, 0, 0, 0, 0, 0, 0, ticks, 0) { Epoch = value };
        return true;
    }

    // yyyyMMdd-HH:mm:ss:fff, yyyyMMddTHHmmss, yyMMdd HHmmss
    static bool Joined(ReadOnlySpan<byte> text, int at, int year, int month, int day, out Timestamp time)
    {
        time = default;
        if (month is < 1 or > 12 || day is < 1 or > 31 || at + 5 > text.Length || text[at] is not ((byte)' ' or (byte)'-' or (byte)'T' or (byte)'_')) return false;
        var digits = Digits(text, at + 1, out var clock);
        if (digits != 6) return Clock(text, at + 1, year, month, day, out time);
        var end = at + 7;
        if (end < text.Length && text[end] is (byte)'.' or (byte)',') end += 1 + Fraction(text, end + 1, out var fraction);
        time = new Timestamp(end, year, month, day, (int)(clock / 10000), (int)(clock / 100 % 100), (int)(clock % 100), 0, null);
        return clock / 10000 < 24 && clock / 100 % 100 < 60;
    }

    static bool After(ReadOnlySpan<byte> text, int at, int year, int month, int day, bool mayStandAlone, out Timestamp time)
    {
        if (month is < 1 or > 12 || day is < 1 or > 31)
        {
            time = default;
            return false;
        }
        if (at + 1 < text.Length && text[at] is (byte)'T' or (byte)' ' or (byte)'-' or (byte)':' or (byte)'_' or (byte)'t')
        {
            var clock = at + 1;
            if (text[at] == (byte)' ' && text[clock] == (byte)' ') clock++;
            if (Clock(text, clock, year, month, day, out time)) return true;
        }
        time = new Timestamp(at, year, month, day, 0, 0, 0, 0, null);
        return mayStandAlone && (at == text.Length || text[at] is (byte)' ' or (byte)'\t' or (byte)']' or (byte)'|' or (byte)',');
    }

    static bool DayMonthYear(ReadOnlySpan<byte> text, int at, int day, int month, out Timestamp time)
    {
        time = default;
        if (at >= text.Length || Digits(text, at + 1, out var year) != 4) return false;
        return After(text, at + 5, (int)year, month, day, mayStandAlone: false, out time);
    }

    static bool Named(ReadOnlySpan<byte> text, out Timestamp time)
    {
        time = default;
        var at = 0;
        var hasDay = false;
        if (Days.IndexOf(text[..3]) is var d and >= 0 && d % 3 == 0)
        {
            hasDay = true;
            at = 3;
            if (text[at] == (byte)',') at++;
            if (at >= text.Length || text[at++] != (byte)' ') return false;
            if (at < text.Length && IsDigit(text[at])) return Numeric(text[at..], out time) && Shift(ref time, at);
        }
        var month = Month(text, at);
        if (month == 0) return false;
        at += 3;
        var spaces = at;
        while (at < text.Length && text[at] == (byte)' ') at++;
        var digits = Digits(text, at, out var day);
        if (spaces == at || digits is not (1 or 2) || at + digits >= text.Length || text[at + digits] is not ((byte)' ' or (byte)',')) return false;
        at += digits + 1;
        if (text[at - 1] == (byte)',' && at < text.Length && text[at] == (byte)' ') at++;
        if (Digits(text, at, out var year) == 4 && at + 4 < text.Length && text[at + 4] == (byte)' ') return Clock(text, at + 5, (int)year, month, (int)day, out time);
        if (!Clock(text, at, 0, month, (int)day, out time)) return false;
        at = time.Length;
        if (at + 5 <= text.Length && text[at] == (byte)' ' && Digits(text, at + 1, out year) == 4 && year is > 1970 and < 2200 && (at + 5 == text.Length || text[at + 5] is (byte)' ' or (byte)']'))
            time = time with { Length = at + 5, Year = (int)year };
        else time = time with { IsSyslog = !hasDay };
        return true;
    }

    static bool Shift(ref Timestamp time, int by)
    {
        time = time with { Length = time.Length + by };
        return true;
    }

    // HH:mm:ss or HH.mm.ss, then a fraction and a zone
    static bool Clock(ReadOnlySpan<byte> text, int at, int year, int month, int day, out Timestamp time)
    {
        time = default;
        var digits = Digits(text, at, out var hour);
        var next = at + digits;
        if (digits is not (1 or 2) || hour > 23 || next >= text.Length) return false;
        var separator = text[next];
        if (separator != (byte)':' && (separator != (byte)'.' || month == 0)) return false;
        digits = Digits(text, next + 1, out var minute);
        next += 1 + digits;
        if (digits is not (1 or 2) || minute > 59 || next >= text.Length || text[next] != separator) return false;
        digits = Digits(text, next + 1, out var second);
        next += 1 + digits;
        if (digits is not (1 or 2) || second > 60) return false;
        var ticks = 0;
        if (next + 1 < text.Length && text[next] is (byte)'.' or (byte)',' or (byte)':' && IsDigit(text[next + 1])) next += 1 + Fraction(text, next + 1, out ticks);
        int? offset = null;
        next += Zone(text, next, ref offset);
        if (next < text.Length && ((text[next] | 0x20) is >= 'a' and <= 'z' || IsDigit(text[next]))) return false;
        time = new Timestamp(next, year, month, day, (int)hour, (int)minute, (int)second, ticks, offset);
        return true;
    }

    static int Zone(ReadOnlySpan<byte> text, int at, ref int? offset)
    {
        if (at >= text.Length) return 0;
        if (text[at] is (byte)'Z' or (byte)'z')
        {
            offset = 0;
            return 1;
        }
        var space = text[at] == (byte)' ' ? 1 : 0;
        if (at + space + 3 > text.Length) return 0;
        var rest = text[(at + space)..];
        if (space == 1 && (rest.StartsWith("UTC"u8) || rest.StartsWith("GMT"u8)))
        {
            offset = 0;
            return 4;
        }
        if (rest[0] is not ((byte)'+' or (byte)'-')) return 0;
        var digits = Digits(rest, 1, out var value);
        if (digits == 2 && rest.Length >= 6 && rest[3] == (byte)':' && Digits(rest, 4, out var minutes) == 2) (digits, value) = (5, value * 100 + minutes);
        else if (digits != 4 && (digits != 2 || space == 1)) return 0;
        if (digits == 2) value *= 100;
        if (value > 1400 || value % 100 > 59) return 0;
        offset = (int)((value / 100 * 60) + (value % 100)) * (rest[0] == (byte)'-' ? -1 : 1);
        return space + 1 + digits;
    }

    static int Fraction(ReadOnlySpan<byte> text, int at, out int ticks)
    {
        var length = 0;
        ticks = 0;
        for (; at + length < text.Length && IsDigit(text[at + length]); length++)
            if (length < 7) ticks = (ticks * 10) + text[at + length] - '0';
        for (var i = length; i < 7; i++) ticks *= 10;
        return length;
    }

    static int Month(ReadOnlySpan<byte> text, int at) =>
        at + 3 <= text.Length && text[at] is >= (byte)'A' and <= (byte)'S' && Months.IndexOf(text.Slice(at, 3)) is var found and >= 0 && found % 3 == 0 ? (found / 3) + 1 : 0;

    /// <returns>How many digits there are; no more than 19 are read.</returns>
    static int Digits(ReadOnlySpan<byte> text, int at, out long value)
    {
        value = 0;
        var length = 0;
        while (at + length < text.Length && IsDigit(text[at + length]) && length < 20)
        {
            if (length < 18) value = (value * 10) + text[at + length] - '0';
            else if (length == 18 && value <= (long.MaxValue - 9) / 10) value = (value * 10) + text[at + length] - '0';
            length++;
        }
        return length;
    }

    static bool IsDigit(byte b) => (uint)(b - '0') <= 9;
}
