using System.Text;
using Crawlers.Logs.Events;

namespace Crawlers.Tests.Logs.Events;

/// <summary>What collectors and loggers put around the text of an event.</summary>
public sealed class UnwrapTests
{
    [Theory]
    [InlineData("""{"level":"error","msg":"order lost","time":"2026-03-01T09:00:00Z"}""", "order lost", LogLevel.Error)]
    [InlineData("""{"level":50,"msg":"order lost","err":{"message":"gone","stack":"Error: gone\n    at f (/a.js:1:2)"}}""", "order lost\nError: gone\n    at f (/a.js:1:2)", LogLevel.Error)]
    [InlineData("""{"@t":"2026-03-01T09:00:00Z","@mt":"order {Id} lost","@l":"Error","Id":7}""", "order {Id} lost", LogLevel.Error)]
    [InlineData("""{"timeUnixNano":"1772355600000000000","severityNumber":17,"body":{"stringValue":"order lost"}}""", "order lost", LogLevel.Error)]
    [InlineData("""{"severityText":"WARN","body":"order lost","attributes":{"msg":"not this"}}""", "order lost", LogLevel.Warning)]
    [InlineData("""{"MESSAGE":"order lost","PRIORITY":"3","_PID":"12","__REALTIME_TIMESTAMP":"1772355600000000"}""", "order lost", LogLevel.Error)]
    [InlineData("""{"MESSAGE":[111,255,107],"PRIORITY":"3"}""", "o\uFFFDk", LogLevel.Error)]
    [InlineData("""{"message":"failed","error":"no route"}""", "failed error=no route", LogLevel.Unknown)]
    [InlineData("time=\"2026-03-01T09:00:00Z\" level=error msg=\"order 7 lost\" err=\"no route\"", "order 7 lost error=no route", LogLevel.Error)]
    [InlineData("2026-03-01T09:00:00.01Z stderr F {\"level\":\"warn\",\"msg\":\"inside\"}", "inside", LogLevel.Warning)]
    [InlineData("{\"log\":\"level=info msg=inside\\n\",\"stream\":\"stdout\",\"time\":\"x\"}", "inside", LogLevel.Info)]
    [InlineData("\e[31mred\e[0m text \e]0;title\a.", "red text .", LogLevel.Unknown)]
    public void An_envelope_is_taken_off(string line, string text, LogLevel level)
    {
        var found = new Unwrap().Run(Encoding.UTF8.GetBytes(line));

        Assert.Equal(text, Encoding.UTF8.GetString(found.Text));
        Assert.Equal(level, found.Level);
    }

    [Theory]
    [InlineData("{\"level\":\"error\",\"msg\":\"cut of")]
    [InlineData("{not json}")]
    [InlineData("{\"a\":1}")]
    [InlineData("{\"msg\":\"x\"} and more")]
    [InlineData("{}")]
    [InlineData("a=b c=d")]
    [InlineData("2026-03-01T09:00:00.01Z stdwhat F text")]
    public void What_is_no_envelope_after_all_stays_a_line(string line) => Assert.Equal(line, Encoding.UTF8.GetString(new Unwrap().Run(Encoding.UTF8.GetBytes(line)).Text));

    [Fact]
    public void Json_that_nests_without_end_is_a_line()
    {
        var line = string.Concat(Enumerable.Repeat("{\"a\":", 10_000));

        Assert.Equal(line, Encoding.UTF8.GetString(new Unwrap().Run(Encoding.UTF8.GetBytes(line)).Text));
    }

    [Fact]
    public void Standard_output_and_standard_error_are_two_streams()
    {
        var unwrap = new Unwrap();

        Assert.NotEqual(unwrap.Run("2026-03-01T09:00:00.01Z stderr F x"u8).Stream, unwrap.Run("2026-03-01T09:00:00.01Z stdout F x"u8).Stream);
    }
}
