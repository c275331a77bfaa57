using System.Buffers;

namespace Crawlers.Logs.Fingerprints;

/// <summary>What a byte of UTF-8 log text is to the masks: one look in a table instead of comparisons.</summary>
[Flags]
enum ByteClass : byte
{
    None = 0,

    /// <summary>Part of a word: letters, digits, bytes above ASCII, and the signs that names are glued with.</summary>
    Word = 1,
    Digit = 2,
    Letter = 4,

    /// <summary>a–f and A–F.</summary>
    HexLetter = 8,
    Space = 16,

    /// <summary>May stand between two values that are one list or one compound value.</summary>
    Joint = 32,
    Upper = 64,
}

static class ByteClasses
{
    static readonly ByteClass[] Table = Build();

    /// <summary>Bytes that end a path or an address.</summary>
    internal static readonly SearchValues<byte> PathEnds = SearchValues.Create(" \t\"'`<>()[]{},;|"u8);

    internal static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);
    internal static readonly SearchValues<byte> Dotted = SearchValues.Create("0123456789."u8);
    internal static readonly SearchValues<byte> Numeric = SearchValues.Create("0123456789.,+-%"u8);

    /// <summary>What names of types are made of.</summary>
    internal static readonly SearchValues<byte> TypeName = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._$+`"u8);

    public static ByteClass Of(byte b) => Table[b];

    public static bool Is(byte b, ByteClass wanted) => (Table[b] & wanted) != 0;

    static ByteClass[] Build()
    {
        var table = new ByteClass[256];
        for (var b = 0; b < 256; b++)
        {
            var c = (char)b;
            if (char.IsAsciiDigit(c)) table[b] = ByteClass.Word | ByteClass.Digit;
            else if (char.IsAsciiLetter(c) || b >= 0x80) table[b] = ByteClass.Word | ByteClass.Letter;
            else if ("_.-+%$~".Contains(c, StringComparison.Ordinal)) table[b] = ByteClass.Word;
            else if (b <= 0x20 || b == 0x7f) table[b] = ByteClass.Space;
            if (char.IsAsciiHexDigit(c) && char.IsAsciiLetter(c)) table[b] |= ByteClass.HexLetter;
            if (char.IsAsciiLetterUpper(c)) table[b] |= ByteClass.Upper;
            if (b <= 0x20 || ",:/|#@.-;*+~\\".Contains(c, StringComparison.Ordinal)) table[b] |= ByteClass.Joint;
        }
        return table;
    }
}
