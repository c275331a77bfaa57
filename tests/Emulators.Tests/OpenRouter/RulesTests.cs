using Emulators.OpenRouter.Answers;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>Scripted answers.</summary>
public sealed class RulesTests
{
    [Fact]
    public async Task The_first_rule_that_matches_answers()
    {
        await using var rig = await Rig.StartAsync(new()
        {
            Rules = ReadRules.From("""
                - match: weather          # in the last message of the user
                  answer: "Rain: 10 °C"
                - match: { model: /claude-.*-4/, system: terse }
                  answer: Yes.
                  finish_reason: content_filter
                - match: { user: "/^give me json/i" }
                  json: { verdict: "no", score: 0.5, tags: [a, 1, true, null, "2"] }
                - answer: Anything else.
                """),
        });

        async Task<(string?, string?)> SayAsync(string model, string text, object? more = null)
        {
            var choice = (await rig.AnswerAsync(Rig.Ask(model, text, more))).GetProperty("choices")[0];
            return (choice.GetProperty("message").GetProperty("content").GetString(), choice.GetProperty("finish_reason").GetString());
        }

        Assert.Equal(("Rain: 10 °C", "stop"), await SayAsync("openai/gpt-4o", "How is the Weather?"));
        Assert.Equal(("Yes.", "content_filter"), await SayAsync("anthropic/claude-sonnet-4", "", new { messages = new[] { new { role = "system", content = "Be terse" }, new { role = "user", content = "Is it?" } } }));
        Assert.Equal(("""{"verdict":"no","score":0.5,"tags":["a",1,true,null,"2"]}""", "stop"), await SayAsync("openai/gpt-4o", "Give me JSON"));
        Assert.Equal(("Anything else.", "stop"), await SayAsync("openai/gpt-4o", "Hello"));
    }

    [Fact]
    public async Task A_script_can_go_through_a_tool_loop()
    {
        await using var rig = await Rig.StartAsync();
        await rig.SendAsync(HttpMethod.Put, "/emulator/rules", """
            - match: { tool: "exit code 1" }
              answer: The tests fail.
            - match: run the tests
              times: 1
              tool_calls: [{ name: run, arguments: { command: dotnet test } }]
            """, "application/yaml");

        var call = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", "Run the tests"))).GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls")[0];
        var done = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new
        {
            messages = new object[] { new { role = "user", content = "Run the tests" }, new { role = "assistant", tool_calls = new[] { call } }, new { role = "tool", tool_call_id = call.GetProperty("id").GetString(), content = "exit code 1" } },
        }));

        Assert.Equal("""{"command":"dotnet test"}""", call.GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal("The tests fail.", done.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(2, (await rig.GetAsync("/emulator/rules")).GetArrayLength());
    }

    [Fact]
    public async Task A_rule_can_bring_delay_usage_reasoning_and_a_fault()
    {
        var time = new ManualTime();
        await using var rig = await Rig.StartAsync(new()
        {
            Time = time,
            Rules = ReadRules.From("""[{"match":"slow","answer":"late","delay_seconds":60},{"match":"think","answer":"so","reasoning":"because","usage":{"prompt":50,"cached":20,"completion":30,"reasoning":10}},{"fault":"529"}]"""),
        });

        var slow = rig.AnswerAsync(Rig.Ask("openai/gpt-4o", "slow"));
        var thought = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", "think"));
        var overloaded = await rig.ChatAsync(Rig.Ask("openai/gpt-4o", "anything"));
        Assert.False(slow.IsCompleted);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(60));
            return slow.IsCompleted;
        }, TimeSpan.FromSeconds(10), "the delay is over");

        Assert.Equal("late", (await slow).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("because", thought.GetProperty("choices")[0].GetProperty("message").GetProperty("reasoning").GetString());
        Assert.Equal(30 * 0.0000025m + 20 * 0.00000125m + 30 * 0.00001m, thought.GetProperty("usage").GetProperty("cost").GetDecimal());
        Assert.Equal(529, (int)overloaded.StatusCode);
    }

    [Theory]
    [InlineData("answer: no list", "Rules are a list")]
    [InlineData("- answer: a\n- colour: red", "Rule 2: The JSON property 'colour'")]
    [InlineData("- match: a", "Rule 1: A rule has an answer")]
    [InlineData("- answer: a\n  times: 0", "times must be 1 or more")]
    [InlineData("- answer: a\n  fault: nothing", "no fault \"nothing\"")]
    [InlineData("- match: { user: '/(/' }\n  answer: a", "no expression")]
    [InlineData("- answer: a\n  usage: { prompt: 1, cached: 2 }", "usage.cached")]
    [InlineData("- answer: [", "neither YAML nor JSON")]
    [InlineData("- 7", "Rule 1")]
    [InlineData("- [a]: b", "a name is a plain text")]
    public void Rules_that_cannot_be_are_refused_with_number_and_reason(string text, string said) =>
        Assert.Contains(said, Assert.Throws<FormatException>(() => new Rules().Replace(ReadRules.From(text))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    public void No_rules_are_rules_too(string text) => Assert.Empty(ReadRules.From(text));

    [Fact]
    public async Task The_published_example_works()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = ReadRules.From(await File.ReadAllTextAsync(RepositoryFile.Path("src", "Emulators", "OpenRouter", "rules.example.yaml"))) });

        var first = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", "Why does checkout fail?"))).GetProperty("choices")[0];
        var greeted = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", "Hello"))).GetProperty("choices")[0];

        Assert.Equal("tool_calls", first.GetProperty("finish_reason").GetString());
        Assert.Contains("emulator", greeted.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
    }
}
