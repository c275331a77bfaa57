using System.Text;
using System.Text.Json;
using Engine.Audit;

namespace Engine.Tests.Audit;

public sealed class CanonicalJsonTests
{
    static string Of(string json) => Encoding.UTF8.GetString(CanonicalJson.Of(json));

    [Theory]
    [InlineData("null", "null")]
    [InlineData(" [ true , false , null ] ", "[true,false,null]")]
    [InlineData("{ }", "{}")]
    [InlineData("""{"b":1,"a":{"z":[],"y":""}}""", """{"a":{"y":"","z":[]},"b":1}""")]
    [InlineData("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"", "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"")] // RFC 8785, section 3.2.2
    [InlineData("\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\u007f\\u2028\"", "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\u007f\u2028\"")]
    [InlineData("\"\\ud83d\\ude02\"", "\"😂\"")]
    public void Equal_values_have_one_form(string json, string canonical) => Assert.Equal(canonical, Of(json));

    [Fact]
    public void Members_are_sorted_by_their_utf16_code_units()
    {
        // RFC 8785, section 3.2.3: the emoji's first surrogate sorts before U+FB33.
        var sorted = Of("""
            { "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }
            """);

        Assert.Equal("{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\","
            + "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}", sorted);
    }

    [Theory]
    [InlineData("1.10")]
    [InlineData("-0.000")]
    [InlineData("1e400")]
    [InlineData("123456789012345678901234567890.123456789")]
    public void A_number_stays_as_it_is_written(string number) => Assert.Equal($"[{number}]", Of($"[ {number} ]"));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\udc00\":1}")]
    public void What_has_no_canonical_form_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => Of(json));

    [Fact]
    public void Nesting_is_written_up_to_500_levels_and_refused_beyond()
    {
        var deepest = new string('[', 500) + new string(']', 500);

        Assert.Equal(deepest, Of(deepest));
        Assert.ThrowsAny<JsonException>(() => Of($"[{deepest}]"));
    }
}
