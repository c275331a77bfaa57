using System.Net;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Logging;

namespace Engine.Tests.CommandLine;

public sealed class TextTests
{
    [Theory]
    [InlineData("plain – text", "plain – text")]
    [InlineData("\u001b[31mred\u001b]0;title\a", "\\u001b[31mred\\u001b]0;title\\u0007")]
    [InlineData("right\u202eleft", "right\\u202eleft")]
    [InlineData("a\u200bb\u2060c\ufeff", "a\\u200bb\\u2060c\\ufeff")]
    [InlineData("one\r\ntwo\u0085\u2028", "one\\r\\ntwo\\u0085\\u2028")]
    [InlineData("[red]markup[/]", "[red]markup[/]")]
    public void Text_from_elsewhere_cannot_steer_the_terminal(string text, string shown) => Assert.Equal(shown, HarmlessText.Line(text));

    [Fact]
    public void A_table_shows_markup_and_control_characters_as_they_are()
    {
        using StringWriter output = new() { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, isOutputTerminal: false, isErrorTerminal: false, isColoured: true);

        terminal.Table(["Name", "Note"], [["[bold]a[/]", "x\u001b[2J"], ["b", new string('l', 500)]]);

        Assert.Equal($"Name        Note\n[bold]a[/]  x\\u001b[2J\nb           {new string('l', 500)}\n", output.ToString());
    }

    [Fact]
    public void Json_escapes_what_could_steer_a_terminal_and_stays_one_document()
    {
        using StringWriter output = new() { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, isOutputTerminal: false, isErrorTerminal: false, isColoured: false);

        terminal.Json(JsonElement.Parse("{\"name\": \"\\u001b[2J\\u009b\\u202e ü+<\"}"));

        Assert.Equal("{\n  \"name\": \"\\u001B[2J\\u009B\\u202e ü+<\"\n}\n", output.ToString());
    }

    [Theory]
    [InlineData("30d", "2027-01-31T12:00:00Z")]
    [InlineData("12h", "2027-01-02T00:00:00Z")]
    [InlineData("2w", "2027-01-15T12:00:00Z")]
    [InlineData("2027-02-01", "2027-02-01T00:00:00Z")]
    [InlineData("2027-02-01T10:00:00+02:00", "2027-02-01T08:00:00Z")]
    [InlineData("2027-01-01", null)]
    [InlineData("0d", null)]
    [InlineData("-3d", null)]
    [InlineData("30", null)]
    [InlineData("1.5d", null)]
    [InlineData("99999999d", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    public void An_expiry_is_a_span_or_a_day_in_the_future(string text, string? at)
    {
        var now = new DateTimeOffset(2027, 1, 1, 12, 0, 0, TimeSpan.Zero);

        Assert.Equal(at is null ? null : DateTimeOffset.Parse(at, null), Expiry.Read(text, now));
    }

    [Theory]
    [InlineData(200, ExitCode.Done)]
    [InlineData(204, ExitCode.Done)]
    [InlineData(302, ExitCode.Refused)]
    [InlineData(400, ExitCode.Refused)]
    [InlineData(401, ExitCode.Refused)]
    [InlineData(403, ExitCode.Refused)]
    [InlineData(404, ExitCode.Refused)]
    [InlineData(409, ExitCode.Refused)]
    [InlineData(412, ExitCode.Refused)]
    [InlineData(422, ExitCode.Refused)]
    [InlineData(428, ExitCode.Refused)]
    [InlineData(429, ExitCode.Refused)]
    [InlineData(500, ExitCode.Failed)]
    [InlineData(503, ExitCode.Failed)]
    [InlineData(502, ExitCode.Unreachable)]
    [InlineData(504, ExitCode.Unreachable)]
    public void A_status_has_its_exit_code(int status, ExitCode code) => Assert.Equal(code, ExitCodes.Of((HttpStatusCode)status));
}
