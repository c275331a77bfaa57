using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Engine.Hosting.Configuration;

namespace Conventions.Documents;

/// <summary>The README's table of settings says what the settings records say.</summary>
public sealed partial class ConfigurationTable
{
    [Fact]
    public void The_readme_lists_every_setting_with_its_default_and_meaning()
    {
        var expected = Setting.All.Select(Row).ToList();
        var actual = TableRow().Matches(Repository.File("README.md").Text).Select(m => m.Value.Trim()).ToList();

        if (!expected.SequenceEqual(actual))
            Assert.Fail($"README.md: the configuration table differs from the settings records; it must hold exactly:\n{string.Join('\n', expected)}");
    }

    [Theory]
    [InlineData(null, "none")]
    [InlineData("", "none")]
    [InlineData(true, "`true`")]
    [InlineData(UnicodeCategory.LineSeparator, "`line_separator`")]
    [InlineData(1048576L, "`1048576`")]
    [InlineData(new[] { "a", "b" }, "`a,b`")]
    [InlineData(new string[0], "none")]
    public void A_default_is_written_as_it_would_be_configured(object? value, string written) => Assert.Equal(written, Written(value));

    static string Row(Setting setting) =>
        $"| `{setting.Key}` | {Written(setting.Property.GetValue(Activator.CreateInstance(setting.Property.DeclaringType!)))} | {setting.Description} |";

    static string Written(object? value)
    {
        var text = value switch
        {
            null => "",
            bool flag => flag ? "true" : "false",
            string single => single,
            Enum word => JsonNamingPolicy.SnakeCaseLower.ConvertName(word.ToString()),
            IEnumerable several => string.Join(',', several.Cast<object>()),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
        return text.Length == 0 ? "none" : $"`{text}`";
    }

    [GeneratedRegex(@"^\| `Engine:[^\n]*\|[ \t]*$", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
