using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Emulators.OpenRouter.Wire;

/// <summary>How the emulator writes JSON: compact, non-ASCII text as it is, numbers as JavaScript writes them.</summary>
static class JsonForm
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>One document in a buffer of its own.</summary>
    public static ArrayBufferWriter<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Options);
        write(json);
        json.Flush();
        return buffer;
    }

    /// <summary>A sum of money as a number: exact, and below a millionth with an exponent, as the real service, which is JavaScript, has it.</summary>
    public static void WriteMoney(this Utf8JsonWriter json, string name, decimal? amount)
    {
        json.WritePropertyName(name);
        if (amount is { } value) json.WriteRawValue(Money(value), skipInputValidation: true);
        else json.WriteNullValue();
    }

    public static string Money(decimal value)
    {
        var plain = value.ToString("0.############################", CultureInfo.InvariantCulture);
        if (value == 0 || Math.Abs(value) >= 0.000001m) return plain;
        var digits = plain.AsSpan(plain.IndexOf('.', StringComparison.Ordinal) + 1);
        var zeros = digits.IndexOfAnyExcept('0');
        var sign = value < 0 ? "-" : "";
        var fraction = digits.Length > zeros + 1 ? $".{digits[(zeros + 1)..]}" : "";
        return $"{sign}{digits[zeros]}{fraction}e-{zeros + 1}";
    }

    /// <summary>A price as the catalog has it: a string with a plain number of dollars.</summary>
    public static void WritePrice(this Utf8JsonWriter json, string name, decimal? price)
    {
        if (price is { } value) json.WriteString(name, value.ToString("0.############################", CultureInfo.InvariantCulture));
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
