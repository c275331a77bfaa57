using System.Text.Json;
using System.Text.Json.Nodes;
using Emulators.OpenRouter.Wire;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>What single calls are billed over the wire, worked out by hand: a token is four bytes, a message costs three besides.</summary>
public sealed class BillingTests
{
    readonly ManualTime time = new();

    [Fact]
    public async Task A_call_costs_its_tokens()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "twelve bytes" }] });

        var usage = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o-mini", "nine byte"))).GetProperty("usage");

        // prompt 3 + ⌈9 / 4⌉ = 6, completion 12 / 4 = 3: 6 · $0.00000015 + 3 · $0.0000006
        Assert.Equal((6, 3), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
        Assert.Equal(0.0000009m + 0.0000018m, usage.GetProperty("cost").GetDecimal());
        Assert.Equal(0.0000027m, rig.Emulator.Ledger.TotalUsd);
        Assert.Equal(2700m, rig.Emulator.Ledger.TotalNanodollars);
    }

    [Fact]
    public async Task A_prompt_that_was_seen_is_read_from_the_cache_until_it_has_aged()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time, LeastCachedTokens = 100, CacheFor = TimeSpan.FromMinutes(5), Rules = [new() { Answer = "done" }] });
        JsonObject Body(string question) => new()
        {
            ["model"] = "openai/gpt-4o",
            ["messages"] = new JsonArray(Message("system", new string('s', 400)), Message("user", question)),
        };

        var first = Usage(await rig.AnswerAsync(Body("what"))); // system 3 + 100, user 3 + 1
        var second = Usage(await rig.AnswerAsync(Body("why?"))); // the system message alone is the same
        var again = Usage(await rig.AnswerAsync(Body("what"))); // all of it is
        time.Advance(TimeSpan.FromMinutes(5));
        var later = Usage(await rig.AnswerAsync(Body("what")));

        Assert.Equal([(107, 0), (107, 103), (107, 107), (107, 0)], new[] { first, second, again, later }.Select(u => (u.Prompt, u.Cached)));
        // 4 · $0.0000025 + 103 · $0.00000125 + 1 · $0.00001
        Assert.Equal(0.00001m + 0.00012875m + 0.00001m, second.CostUsd);
        Assert.Equal(107 * 0.0000025m + 0.00001m, first.CostUsd);
    }

    [Fact]
    public async Task What_stands_before_a_breakpoint_is_written_once_and_then_read()
    {
        await using var rig = await Rig.StartAsync(new() { LeastCachedTokens = 100, Rules = [new() { Answer = "done" }] });
        JsonObject Body(string ttl) => new()
        {
            ["model"] = "anthropic/claude-sonnet-4",
            ["messages"] = new JsonArray(
                new JsonObject
                {
                    ["role"] = "system",
                    ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = new string('s', 400) + ttl, ["cache_control"] = new JsonObject { ["type"] = "ephemeral", ["ttl"] = ttl } }),
                },
                Message("user", "what")),
        };

        var written = await rig.AnswerAsync(Body("5m"));
        var read = await rig.AnswerAsync(Body("5m"));
        var anHour = await rig.AnswerAsync(Body("1h"));

        // system 3 + ⌈402 / 4⌉ = 104, user 4, completion 1
        Assert.Equal((108, 0, 104), (Usage(written).Prompt, Usage(written).Cached, Written(written)));
        Assert.Equal((108, 104, 0), (Usage(read).Prompt, Usage(read).Cached, Written(read)));
        Assert.Equal(4 * 0.000003m + 104 * 0.00000375m + 0.000015m, Usage(written).CostUsd);
        Assert.Equal(4 * 0.000003m + 104 * 0.0000003m + 0.000015m, Usage(read).CostUsd);
        Assert.Equal(4 * 0.000003m + 104 * 0.000006m + 0.000015m, Usage(anHour).CostUsd);
    }

    [Fact]
    public async Task A_search_an_image_and_a_request_have_their_fees()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "done" }] });
        var body = Rig.Ask("openai/gpt-4o-search-preview");
        body["messages"]![0]!["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "look" }, new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "https://example.com/a.png" } });

        var seen = Usage(await rig.AnswerAsync(body));
        var searched = await rig.AnswerAsync(Rig.Ask("openai/gpt-4.1:online", "look"));

        Assert.Equal(4 * 0.0000025m + 0.00001m + 0.035m + 0.003613m, seen.CostUsd);
        Assert.Equal(4 * 0.000002m + 0.000008m + 0.01m, Usage(searched).CostUsd);
        Assert.Equal(1, searched.GetProperty("usage").GetProperty("server_tool_use_details").GetProperty("web_search_requests").GetInt32());
    }

    [Fact]
    public async Task A_long_prompt_a_cheap_hour_and_a_discount_change_the_price()
    {
        await using var rig = await Rig.StartAsync(new()
        {
            Time = time,
            Rules = [new() { Match = new() { Model = "claude" }, Answer = "done", Usage = new(Prompt: 200_001, Completion: 10) }, new() { Answer = "done", Usage = new(Prompt: 1000, Completion: 100) }],
        });

        var longPrompt = Usage(await rig.AnswerAsync(Rig.Ask("anthropic/claude-sonnet-4")));
        var discounted = Usage(await rig.AnswerAsync(Rig.Ask("google/gemini-2.0-flash-001")));
        var dear = Usage(await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-chat-v3.1")));
        time.Advance(TimeSpan.FromHours(4.5)); // from noon to 16:30
        var cheap = Usage(await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-chat-v3.1")));

        Assert.Equal(200_001 * 0.000006m + 10 * 0.0000225m, longPrompt.CostUsd);
        Assert.Equal((1000 * 0.0000001m + 100 * 0.0000004m) * 0.75m, discounted.CostUsd);
        Assert.Equal(1000 * 0.00000056m + 100 * 0.00000168m, dear.CostUsd);
        Assert.Equal(1000 * 0.00000028m + 100 * 0.00000084m, cheap.CostUsd);
    }

    [Fact]
    public async Task Reasoning_with_a_price_of_its_own_is_billed_at_that()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "done", Usage = new(Prompt: 100, Completion: 1000, Reasoning: 400) }] });

        var usage = Usage(await rig.AnswerAsync(Rig.Ask("perplexity/sonar-deep-research")));

        Assert.Equal(100 * 0.000002m + 600 * 0.000008m + 400 * 0.000003m + 0.005m, usage.CostUsd);
    }

    [Fact]
    public async Task On_the_customers_own_key_usage_tells_fee_and_provider_apart()
    {
        await using var rig = await Rig.StartAsync(new() { ByokAuthors = new HashSet<string> { "openai" }, Rules = [new() { Answer = "done", Usage = new(Prompt: 1_000_000 / 10, Completion: 0) }] });

        var usage = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"))).GetProperty("usage");
        var key = (await rig.GetAsync("/api/v1/key")).GetProperty("data");

        Assert.True(usage.GetProperty("is_byok").GetBoolean());
        Assert.Equal((0.0125m, 0.25m), (usage.GetProperty("cost").GetDecimal(), usage.GetProperty("cost_details").GetProperty("upstream_inference_cost").GetDecimal()));
        Assert.Equal((0.0125m, 0.25m), (key.GetProperty("usage").GetDecimal(), key.GetProperty("byok_usage").GetDecimal()));
        Assert.Equal((0.0125m, 0.25m), (rig.Emulator.Ledger.TotalUsd, rig.Emulator.Ledger.TotalUpstreamUsd));
    }

    [Fact]
    public async Task Without_it_the_upstream_cost_is_the_same_as_the_cost_or_null_and_readers_meet_both()
    {
        await using var rig = await Rig.StartAsync();

        var json = (await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"))).GetProperty("usage");
        var stream = Rig.Parse((await rig.FramesAsync(Rig.Ask("openai/gpt-4o")))[^2]).GetProperty("usage");

        Assert.Equal(json.GetProperty("cost").GetDecimal(), json.GetProperty("cost_details").GetProperty("upstream_inference_cost").GetDecimal());
        Assert.Equal(JsonValueKind.Null, stream.GetProperty("cost_details").GetProperty("upstream_inference_cost").ValueKind);
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("1", "1")]
    [InlineData("0.0125", "0.0125")]
    [InlineData("0.000001", "0.000001")]
    [InlineData("0.00000099", "9.9e-7")]
    [InlineData("0.0000009", "9e-7")]
    [InlineData("0.000000037125", "3.7125e-8")]
    [InlineData("-0.0000005", "-5e-7")]
    [InlineData("12.3400", "12.34")]
    public void Money_is_written_as_JavaScript_writes_numbers(string amount, string written)
    {
        Assert.Equal(written, JsonForm.Money(decimal.Parse(amount, null)));
        Assert.Equal(decimal.Parse(amount, null), Rig.Parse(written).GetDecimal());
    }

    static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    static (int Prompt, int Cached, decimal CostUsd) Usage(JsonElement answer)
    {
        var usage = answer.GetProperty("usage");
        return (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32(), usage.GetProperty("cost").GetDecimal());
    }

    static int Written(JsonElement answer) => answer.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cache_write_tokens").GetInt32();
}
