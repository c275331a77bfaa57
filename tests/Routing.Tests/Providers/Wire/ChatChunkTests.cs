using System.Text;
using System.Text.Json;
using Routing.Providers.Wire;

namespace Routing.Tests.Providers.Wire;

public sealed class ChatChunkTests
{
    [Fact]
    public void A_frame_of_a_stream_is_read()
    {
        var chunk = Parse("""{"id":"gen-1","object":"chat.completion.chunk","created":1,"model":"openai/gpt-4o","provider":"OpenAI","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel\u00e4lo","reasoning":"why"},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}""");

        Assert.Equal(("gen-1", "openai/gpt-4o", "OpenAI", "Helälo", "why"), (chunk.Id, chunk.Model, chunk.Provider, chunk.Text, chunk.Reasoning));
        Assert.Null(chunk.FinishReason);
        Assert.True(chunk.HasContent);
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop"}]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":null}]}""")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":null,"debug":{"echo_upstream_body":{"messages":[{"content":"x"}]}}}""")]
    [InlineData("{}")]
    public void A_frame_that_says_nothing_has_no_content(string json) => Assert.False(Parse(json).HasContent);

    [Fact]
    public void A_whole_answer_is_read_the_same_way()
    {
        var chunk = Parse("""
            {"id":"gen-2","choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"refusal":"no","tool_calls":[
              {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"g","arguments":{"y":2}}}],
              "images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}}],"usage":{"prompt_tokens":3,"completion_tokens":4,"cost":0.5}}
            """);

        Assert.Equal([new ToolCallDelta(0, "a", "f", "{\"x\":1}"), new ToolCallDelta(1, "b", "g", "{\"y\":2}")], chunk.ToolCalls);
        Assert.Equal(("tool_calls", "no", 0.5m), (chunk.FinishReason, chunk.Refusal, chunk.Usage!.SpentUsd));
        Assert.Single(chunk.ImageUrls);
    }

    [Fact]
    public void Tool_calls_are_put_together_from_pieces_by_their_index()
    {
        var assembly = new ToolCallAssembly();
        foreach (var delta in new ToolCallDelta[] { new(1, "b", "second", ""), new(0, "a", "first", "{\"te"), new(1, null, null, "{}"), new(0, null, null, "xt\":\"ä\"}"), new(2, "c", "third", "{cut") })
            assembly.Add(delta);

        var calls = assembly.Take().ToList();

        Assert.Equal(["first", "second", "third"], calls.Select(c => c.Name));
        Assert.Equal("ä", calls[0].Arguments!["text"]?.ToString());
        Assert.NotNull(calls[2].Exception);
        Assert.True(assembly.IsEmpty);
    }

    [Fact]
    public void What_a_frame_does_not_repeat_stays_and_what_it_said_goes()
    {
        var chunk = Parse("""{"id":"gen-1","model":"m","provider":"P","choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""");

        chunk.Parse("{}"u8);

        Assert.Equal(("gen-1", "m", "P"), (chunk.Id, chunk.Model, chunk.Provider));
        Assert.Equal((null, null, null), (chunk.Text, chunk.FinishReason, chunk.Usage));
    }

    [Theory]
    [InlineData("""{"error":{"code":502,"message":"Provider disconnected","metadata":{"error_type":"provider_unavailable"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}""", 502, "provider_unavailable")]
    [InlineData("""{"error":{"code":502,"message":"x","metadata":{"error_type":"provider_unavailable"}},"choices":[]}""", 502, "provider_unavailable")]
    [InlineData("""{"error":{"code":"server_error","message":"x"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}""", null, "server_error")]
    [InlineData("""{"error":{"code":429,"message":"x"}}""", 429, null)]
    [InlineData("""{"choices":[{"finish_reason":"error","message":{"content":"partial"},"error":{"code":"503","message":"x"}}]}""", 503, null)]
    [InlineData("""{"error":"model is overloaded"}""", null, null)]
    public void Every_form_of_an_error_in_an_answer_is_seen(string json, int? status, string? type) =>
        Assert.Equal((status, type), (Parse(json).Error!.Status, Parse(json).Error!.Type));

    [Theory]
    [InlineData("""{"error":null,"choices":[]}""")]
    [InlineData("""{"choices":[{"error":null,"delta":{}}]}""")]
    public void An_error_that_is_null_is_none(string json) => Assert.Null(Parse(json).Error);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"id\":")]
    [InlineData("{} {}")]
    [InlineData("<html>")]
    [InlineData("""{"choices":[{"delta":{"content":"a"}]}""")]
    public void What_is_no_object_is_malformed(string json) => Assert.ThrowsAny<JsonException>(() => Parse(json));

    [Fact]
    public void Text_that_is_not_utf8_is_malformed() =>
        Assert.ThrowsAny<JsonException>(() => new ChatChunk().Parse([.. """{"choices":[{"delta":{"content":"a"""u8, 0xC3, 0x28, .. "\"}}]}"u8]));

    [Theory]
    [InlineData("0.0000375", "0.0000375")]
    [InlineData("3.75e-8", "0.0000000375")]
    [InlineData("0.1", "0.1")]
    [InlineData("0.30000000000000004", "0.30000000000000004")]
    [InlineData("0.123456789012345678", "0.123456789012345678")]
    [InlineData("\"0.25\"", "0.25")]
    [InlineData("-1", null)]
    [InlineData("null", null)]
    [InlineData("true", null)]
    [InlineData("1e400", null)]
    public void Cost_is_what_the_text_says(string cost, string? expected) =>
        Assert.Equal(expected, Parse($$$"""{"usage":{"prompt_tokens":1,"completion_tokens":2,"cost":{{{cost}}}}}""").Usage!.SpentUsd?.ToString(System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Usage_has_its_kinds_of_tokens()
    {
        var usage = Parse("""
            {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"cost":0.01,"is_byok":false,"prompt_tokens_details":{"cached_tokens":30,
             "cache_write_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":7},"cost_details":{"upstream_inference_cost":0.01},
             "server_tool_use_details":{"web_search_requests":2}}}
            """).Usage!;

        Assert.Equal(new(100, 20, 30, 5, 0, 7, Searches: 2), usage.Tokens);
        Assert.Equal(0.01m, usage.SpentUsd);
    }

    [Theory]
    [InlineData("""{"cost":0.95,"is_byok":true,"cost_details":{"upstream_inference_cost":19}}""", "19.95")] // the fee, and what the provider took
    [InlineData("""{"cost":0.95,"is_byok":true,"cost_details":{"upstream_inference_cost":null}}""", null)]
    [InlineData("""{"cost":0.5,"is_byok":false,"cost_details":{"upstream_inference_cost":0.5}}""", "0.5")]
    [InlineData("""{"cost":0.5,"cost_details":null}""", "0.5")]
    [InlineData("""{"cost":0.5,"prompt_tokens_details":"?"}""", "0.5")]
    public void Spend_follows_the_rule_for_own_keys(string usage, string? spent) =>
        Assert.Equal(spent, Parse($$$"""{"usage":{{{usage}}}}""").Usage!.SpentUsd?.ToString(System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Of_two_usages_the_later_counts_unless_it_says_less()
    {
        var complete = new WireUsage(new(1, 2), true, 0.1m, false, null);
        var later = complete with { CostUsd = 0.2m };
        var poorer = new WireUsage(new(1, 3), true, null, false, null);

        Assert.Equal(later, WireUsage.Later(complete, later));
        Assert.Equal(complete, WireUsage.Later(complete, poorer));
        Assert.Equal(complete, WireUsage.Later(poorer, complete));
    }

    static ChatChunk Parse(string json)
    {
        var chunk = new ChatChunk();
        chunk.Parse(Encoding.UTF8.GetBytes(json));
        return chunk;
    }
}
