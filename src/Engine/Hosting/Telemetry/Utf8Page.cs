using System.Globalization;
using System.Text;

namespace Engine.Hosting.Telemetry;

/// <summary>A text in UTF-8 that grows up to a limit and can be cut back; its memory is kept from one page to the next.</summary>
sealed class Utf8Page(int maxBytes)
{
    const int KeptBytes = 1024 * 1024;

    byte[] bytes = new byte[16 * 1024];

    public int Length { get; private set; }

    /// <summary>Something did not fit and is missing from the end; cut back to where the text was whole.</summary>
    public bool IsFull { get; private set; }

    public byte[] ToArray() => bytes.AsSpan(0, Length).ToArray();

    public void Clear()
    {
        if (bytes.Length > KeptBytes) bytes = new byte[16 * 1024];
        CutTo(0);
    }

    public void CutTo(int length)
    {
        Length = length;
        IsFull = false;
    }

    public Utf8Page Append(ReadOnlySpan<byte> text)
    {
        if (HasRoom(text.Length))
        {
            text.CopyTo(bytes.AsSpan(Length));
            Length += text.Length;
        }
        return this;
    }

    public Utf8Page Append(ReadOnlySpan<char> text)
    {
        if (HasRoom(Encoding.UTF8.GetMaxByteCount(text.Length))) Length += Encoding.UTF8.GetBytes(text, bytes.AsSpan(Length));
        return this;
    }

    /// <summary>With backslash, quotation mark and line feed escaped, as label values want it.</summary>
    public Utf8Page AppendEscaped(ReadOnlySpan<char> text)
    {
        for (int at; (at = text.IndexOfAny('\\', '"', '\n')) >= 0; text = text[(at + 1)..])
            Append(text[..at]).Append(text[at] switch { '\n' => "\\n"u8, '"' => "\\\""u8, _ => @"\\"u8 });
        return Append(text);
    }

    public Utf8Page Append(long number)
    {
        if (!HasRoom(20)) return this;
        number.TryFormat(bytes.AsSpan(Length), out var written, provider: CultureInfo.InvariantCulture);
        Length += written;
        return this;
    }

    public Utf8Page Append(double number)
    {
        if (double.IsNaN(number)) return Append("NaN"u8);
        if (double.IsInfinity(number)) return Append(number > 0 ? "+Inf"u8 : "-Inf"u8);
        if (!HasRoom(32)) return this;
        number.TryFormat(bytes.AsSpan(Length), out var written, "R", CultureInfo.InvariantCulture);
        Length += written;
        return this;
    }

    bool HasRoom(int more)
    {
        var needed = (long)Length + more;
        if (needed > maxBytes) IsFull = true;
        if (IsFull) return false;
        if (needed > bytes.Length) Array.Resize(ref bytes, (int)Math.Max(needed, Math.Min(bytes.Length * 2L, maxBytes)));
        return true;
    }
}
