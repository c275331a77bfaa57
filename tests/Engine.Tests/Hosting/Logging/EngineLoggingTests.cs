using System.Diagnostics;
using System.Text.Json;
using Engine.Hosting.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Engine.Tests.Hosting.Logging;

/// <summary>They read what really arrives at standard output, so nothing may run beside them.</summary>
[CollectionDefinition(nameof(StandardOutput), DisableParallelization = true)]
public class StandardOutput;

[Collection(nameof(StandardOutput))]
public class EngineLoggingTests
{
    static string[] Written(LoggingSettings settings, Action<ILoggerFactory> say)
    {
        var console = Console.Out;
        using var captured = new StringWriter();
        Console.SetOut(captured);
        try
        {
            using var factory = EngineLogging.CreateFactory(settings);
            say(factory);
        }
        finally
        {
            Console.SetOut(console);
        }
        return captured.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    static string Text(Action<ILogger> say) =>
        string.Join('\n', Written(new LoggingSettings { Format = LogFormat.Text }, factory => say(factory.CreateLogger("Engine.Tasks.ClaimTask"))));

    static JsonElement Json(Action<ILogger> say) => JsonDocument.Parse(Assert.Single(
        Written(new LoggingSettings { Format = LogFormat.Json }, factory => say(factory.CreateLogger("Engine.Tasks.ClaimTask"))))).RootElement;

    static InvalidOperationException Thrown(string message)
    {
        try
        {
            throw new InvalidOperationException(message, new FormatException("inside"));
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }

    [Fact]
    public void Text_is_a_short_line_for_people()
    {
        var lease = TimeSpan.FromMinutes(5);

        var line = Text(log => log.LogInformation("Claimed {Task} for {Lease}", "t1", lease));

        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} info  ClaimTask: Claimed t1 for 00:05:00$", line);
    }

    [Fact]
    public void Text_names_the_trace_and_sets_the_exception_below()
    {
        using var activity = new Activity("work").Start();
        var fault = Thrown("broken");

        var lines = Text(log => log.LogError(fault, "It failed")).Split('\n');

        Assert.EndsWith($" error ClaimTask: It failed [trace {activity.TraceId}]", lines[0]);
        Assert.Equal("    System.InvalidOperationException: broken", lines[1]);
        Assert.Contains(lines, line => line.Contains("System.FormatException: inside"));
        Assert.All(lines[1..], line => Assert.StartsWith("    ", line));
    }

    [Fact]
    public void Json_has_its_members_in_snake_case()
    {
        using var activity = new Activity("work").Start();

        var line = Json(log =>
        {
            using (log.BeginScope(new Dictionary<string, object> { ["RequestId"] = "r1" }))
                log.Log(LogLevel.Warning, new EventId(1107, "Claimed"), Thrown("broken"), "Claimed {TaskId} {CostUsd} {IsFirst} {Nothing} {Many}", "t1", 1.25m, true, null, new[] { 1, 2 });
        });

        Assert.Equal(["time", "level", "message", "source", "event_id", "trace_id", "span_id", "properties", "exception"], line.EnumerateObject().Select(member => member.Name));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", line.GetProperty("time").GetString());
        Assert.Equal("warning", line.GetProperty("level").GetString());
        Assert.Equal("Claimed t1 1.25 True null [1, 2]", line.GetProperty("message").GetString());
        Assert.Equal("Engine.Tasks.ClaimTask", line.GetProperty("source").GetString());
        Assert.Equal(1107, line.GetProperty("event_id").GetInt32());
        Assert.Equal(activity.TraceId.ToString(), line.GetProperty("trace_id").GetString());
        Assert.Equal(activity.SpanId.ToString(), line.GetProperty("span_id").GetString());
        var properties = line.GetProperty("properties");
        Assert.Equal(["cost_usd", "is_first", "many", "nothing", "request_id", "task_id"], properties.EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(1.25m, properties.GetProperty("cost_usd").GetDecimal());
        Assert.Equal("[1,2]", properties.GetProperty("many").GetRawText());
        Assert.Equal("r1", properties.GetProperty("request_id").GetString());
        Assert.StartsWith("System.InvalidOperationException: broken", line.GetProperty("exception").GetString());
    }

    [Fact]
    public void Json_leaves_out_what_an_event_does_not_have()
    {
        Activity.Current = null;

        var line = Json(log => log.LogInformation("Ready"));

        Assert.Equal(["time", "level", "message", "source"], line.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public void A_logged_value_can_neither_forge_a_line_nor_steer_a_terminal()
    {
        const string Hostile = "u\n12:00:00.000 info  Forged: line\r\u001b[2J\u009b31m\u2028\u202e\u200b\t\0end";

        var fault = Thrown(Hostile);

        var text = Text(log => log.LogWarning(fault, "Name {Name}", Hostile));
        var json = Assert.Single(Written(new LoggingSettings { Format = LogFormat.Json }, factory => factory.CreateLogger(Hostile).LogWarning(fault, "Name {Name}", Hostile)));

        Assert.Contains(@"Name u\n12:00:00.000 info  Forged: line\r\u001b[2J\u009b31m\u2028\u202e\u200b\t\u0000end", text);
        Assert.All(text.Split('\n')[1..], line => Assert.StartsWith("    ", line));
        Assert.DoesNotContain(text, c => c != '\n' && char.IsControl(c));
        Assert.DoesNotContain(json, c => char.IsControl(c) || c is '\u2028' or '\u202e');
        Assert.Equal("Name " + Hostile, JsonDocument.Parse(json).RootElement.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData(LogFormat.Text)]
    [InlineData(LogFormat.Json)]
    public void No_part_of_an_event_lets_a_secret_through(LogFormat format)
    {
        var (refused, keyed) = (Thrown("refused " + FakeSecrets.Engine), Thrown(FakeSecrets.Pem));
        var values = new Dictionary<string, string> { ["password"] = "hunter2", ["x"] = FakeSecrets.OpenRouter };

        var lines = string.Join('\n', Written(new LoggingSettings { Format = format }, factory =>
        {
            var log = factory.CreateLogger("Engine.Hosting");
            using (log.BeginScope(new Dictionary<string, object> { ["Header"] = "Authorization: Bearer abcdef" }))
            {
                log.LogError(refused, "Sent {Token} to {Url}", FakeSecrets.GitHub, FakeSecrets.SlackWebhook);
                log.LogError(keyed, "Key {Key} of {Cs}", FakeSecrets.Pem, "Host=h;Password=hunter2;Database=d");
                log.LogInformation("Members {Values}", values);
            }
        }));

        foreach (var secret in new[] { FakeSecrets.Engine, FakeSecrets.GitHub, FakeSecrets.OpenRouter, FakeSecrets.Letters(24), "hunter2", "MIIE" })
            Assert.DoesNotContain(secret, lines);
        foreach (var kind in new[] { "engine_token", "github_token", "openrouter_key", "slack_webhook", "password", "private_key" })
            Assert.Contains($"[redacted:{kind}]", lines);
        if (format == LogFormat.Json) Assert.All(lines.Split('\n'), line => JsonDocument.Parse(line));
    }

    [Theory]
    [InlineData(LogLevel.Trace, "Quartz", LogLevel.Trace)]
    [InlineData(LogLevel.Debug, "Quartz.Core", LogLevel.Information)]
    [InlineData(LogLevel.Information, "Microsoft.AspNetCore.Hosting", LogLevel.Warning)]
    [InlineData(LogLevel.Information, "Npgsql.Command", LogLevel.Warning)]
    [InlineData(LogLevel.Error, "Quartz", LogLevel.Error)]
    [InlineData(LogLevel.Information, "Engine.Tasks", LogLevel.Information)]
    [InlineData(LogLevel.Debug, "Engine.Tasks", LogLevel.Debug)]
    [InlineData(LogLevel.None, "Engine.Tasks", LogLevel.None)]
    public void Frameworks_speak_up_later_than_the_engine(LogLevel setting, string category, LogLevel lowest)
    {
        using var factory = EngineLogging.CreateFactory(new LoggingSettings { Level = setting });

        var log = factory.CreateLogger(category);

        Assert.Equal(lowest, Enum.GetValues<LogLevel>().Where(level => level != LogLevel.None && log.IsEnabled(level)).DefaultIfEmpty(LogLevel.None).Min());
    }

    [Fact]
    public async Task In_a_host_no_other_filter_counts()
    {
        var builder = WebApplication.CreateBuilder(["--Logging:LogLevel:Default=Critical", "--Logging:Console:LogLevel:Default=Trace"]);
        builder.Logging.AddEngineLogging(new LoggingSettings());
        await using var app = builder.Build();

        var factory = app.Services.GetRequiredService<ILoggerFactory>();

        Assert.True(factory.CreateLogger("Engine").IsEnabled(LogLevel.Information));
        Assert.False(factory.CreateLogger("Engine").IsEnabled(LogLevel.Debug));
        Assert.Single(app.Services.GetServices<ILoggerProvider>());
    }

    [Fact]
    public void Settings_say_what_is_wrong_with_them()
    {
        Assert.Empty(new LoggingSettings().Problems());
        Assert.Equal(
            ["Level must be trace, debug, information, warning, error, critical or none, is 9", "Format must be auto, text or json, is 7"],
            new LoggingSettings { Level = (LogLevel)9, Format = (LogFormat)7 }.Problems());
    }
}
