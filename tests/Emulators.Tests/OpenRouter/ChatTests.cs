using System.Text.Json;

namespace Emulators.Tests.OpenRouter;

/// <summary>What <c>/chat/completions</c> answers when nothing is wrong.</summary>
public sealed class ChatTests
{
    [Fact]
    public async Task A_call_is_answered_with_the_members_that_clients_demand()
    {
        await using var rig = await Rig.StartAsync();

        using var response = await rig.ChatAsync(Rig.Ask("openai/gpt-4o-mini"));
        var answer = await Rig.JsonAsync(response);

        var id = Assert.Single(response.Headers.GetValues("X-Generation-Id"));
        Assert.StartsWith("gen-", id, StringComparison.Ordinal);
        Assert.Equal((id, "chat.completion", "openai/gpt-4o-mini", "OpenAI"), (Text(answer, "id"), Text(answer, "object"), Text(answer, "model"), Text(answer, "provider")));
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("system_fingerprint").ValueKind);
        var choice = answer.GetProperty("choices")[0];
        Assert.Equal(("stop", "assistant"), (Text(choice, "finish_reason"), Text(choice.GetProperty("message"), "role")));
        var usage = answer.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(JsonValueKind.Number, usage.GetProperty("cost_details").GetProperty("upstream_inference_prompt_cost").ValueKind);
        Assert.False(usage.GetProperty("is_byok").GetBoolean());
    }

    [Fact]
    public async Task A_stream_has_a_role_content_one_finish_usage_without_choices_and_an_end()
    {
        await using var rig = await Rig.StartAsync();

        var frames = await rig.FramesAsync(Rig.Ask("openai/gpt-4o-mini"));
        var whole = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o-mini"));

        Assert.Equal("[DONE]", frames[^1]);
        var chunks = frames.SkipLast(1).Select(Rig.Parse).ToList();
        Assert.All(chunks, c => Assert.Equal("chat.completion.chunk", Text(c, "object")));
        Assert.Equal("assistant", Text(Delta(chunks[0]), "role"));
        Assert.Equal("stop", Text(Assert.Single(chunks.SkipLast(1), c => c.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind == JsonValueKind.String).GetProperty("choices")[0], "finish_reason"));
        Assert.Equal(0, chunks[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(Text(whole.GetProperty("choices")[0].GetProperty("message"), "content"), string.Concat(chunks.SkipLast(1).Select(c => Text(Delta(c), "content"))));
        Assert.Equal(whole.GetProperty("usage").GetProperty("cost").GetDecimal(), Assert.Single(chunks, c => c.TryGetProperty("usage", out _)).GetProperty("usage").GetProperty("cost").GetDecimal());
    }

    [Fact]
    public async Task The_same_prompt_model_and_seed_get_the_same_words_and_any_other_gets_others()
    {
        await using var one = await Rig.StartAsync();
        await using var other = await Rig.StartAsync();
        async Task<string?> Say(Rig rig, string model, string text, int seed) =>
            Text((await rig.AnswerAsync(Rig.Ask(model, text, new { seed }))).GetProperty("choices")[0].GetProperty("message"), "content");

        var first = await Say(one, "openai/gpt-4o", "Why?", 7);

        Assert.Equal(first, await Say(one, "openai/gpt-4o", "Why?", 7));
        Assert.Equal(first, await Say(other, "openai/gpt-4o", "Why?", 7));
        Assert.NotEqual(first, await Say(one, "openai/gpt-4o", "Why?", 8));
        Assert.NotEqual(first, await Say(one, "openai/gpt-4o", "Why not?", 7));
        Assert.NotEqual(first, await Say(one, "openai/gpt-4o-mini", "Why?", 7));
    }

    [Fact]
    public async Task Text_may_be_escaped_in_pairs_and_may_hold_anything_whole()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Match = new() { User = "🚀 日本" }, Answer = "seen" }] });

        using var answer = await rig.Client.PostAsync("/api/v1/chat/completions", new StringContent(
            """{"model":"openai/gpt-4o","messages":[{"role":"user","content":"\ud83d\ude80 日本"}]}"""));

        Assert.Equal("seen", Text((await Rig.JsonAsync(answer)).GetProperty("choices")[0].GetProperty("message"), "content"));
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task An_answer_ends_at_its_limit_with_the_reason(string limit)
    {
        await using var rig = await Rig.StartAsync();
        var body = Rig.Ask("openai/gpt-4o-mini");
        body[limit] = 5;

        var answer = await rig.AnswerAsync(body);

        Assert.Equal("length", Text(answer.GetProperty("choices")[0], "finish_reason"));
        Assert.Equal(5, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stop_sequence_ends_an_answer_before_itself()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "one two three" }] });

        var answer = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o-mini", more: new { stop = new[] { "three", " two" } }));

        Assert.Equal(("one", "stop"), (Text(answer.GetProperty("choices")[0].GetProperty("message"), "content"), Text(answer.GetProperty("choices")[0], "finish_reason")));
    }

    [Theory]
    [InlineData("openai/gpt-4o:nitro", "openai/gpt-4o")]
    [InlineData("openai/gpt-4o-20240513", "openai/gpt-4o")]
    [InlineData("openrouter/auto", "openai/gpt-4o-mini")]
    [InlineData("~anthropic/claude-haiku-latest", "anthropic/claude-haiku-4.5")]
    [InlineData("meta-llama/llama-3.3-70b-instruct:free", "meta-llama/llama-3.3-70b-instruct:free")]
    public async Task The_model_named_is_the_one_that_served(string asked, string served)
    {
        await using var rig = await Rig.StartAsync();

        Assert.Equal(served, Text(await rig.AnswerAsync(Rig.Ask(asked)), "model"));
        Assert.Equal(served, rig.Emulator.Ledger.Entries[0].Outcome!.Model);
    }

    [Fact]
    public async Task The_next_of_several_models_serves_when_one_cannot()
    {
        await using var rig = await Rig.StartAsync();

        var answer = await rig.AnswerAsync(Rig.Ask("nobody/nothing", more: new { models = new[] { "openai/gpt-3.5-turbo", "openai/gpt-4o" } }));

        Assert.Equal("openai/gpt-3.5-turbo", Text(answer, "model"));
    }

    [Fact]
    public async Task A_reasoning_model_thinks_first_and_can_hide_it_but_not_its_cost()
    {
        await using var rig = await Rig.StartAsync();

        var shown = await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-r1", more: new { reasoning = new { effort = "low" } }));
        var hidden = await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-r1", more: new { reasoning = new { effort = "low", exclude = true } }));
        var frames = (await rig.FramesAsync(Rig.Ask("deepseek/deepseek-r1", more: new { reasoning = new { effort = "low" } }))).SkipLast(2).Select(f => Delta(Rig.Parse(f))).ToList();
        var plain = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));

        Assert.Equal(64, Reasoned(shown));
        Assert.Equal(64, Reasoned(hidden));
        Assert.Equal(0, Reasoned(plain));
        Assert.True(shown.GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 64);
        var message = shown.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(Text(message, "reasoning"), Text(message.GetProperty("reasoning_details")[0], "text"));
        Assert.Equal(JsonValueKind.Null, hidden.GetProperty("choices")[0].GetProperty("message").GetProperty("reasoning").ValueKind);
        Assert.Equal(Text(message, "reasoning"), string.Concat(frames.Select(d => d.TryGetProperty("reasoning", out var r) ? r.GetString() : "")));
    }

    [Fact]
    public async Task A_limit_that_reasoning_uses_up_leaves_no_answer()
    {
        await using var rig = await Rig.StartAsync();

        var answer = await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-r1", more: new { max_tokens = 10, reasoning = new { effort = "high" } }));

        Assert.Equal(("", "length"), (Text(answer.GetProperty("choices")[0].GetProperty("message"), "content"), Text(answer.GetProperty("choices")[0], "finish_reason")));
        Assert.Equal((10, 10), (answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), Reasoned(answer)));
    }

    [Fact]
    public async Task What_the_router_did_and_what_the_provider_got_are_told_to_those_who_ask()
    {
        await using var rig = await Rig.StartAsync();
        rig.Client.DefaultRequestHeaders.Add("X-OpenRouter-Metadata", "enabled");

        var frames = await rig.FramesAsync(Rig.Ask("openai/gpt-4o-mini", more: new { debug = new { echo_upstream_body = true } }));

        var first = Rig.Parse(frames[0]);
        Assert.Equal(0, first.GetProperty("choices").GetArrayLength());
        Assert.Equal("openai/gpt-4o-mini", Text(first.GetProperty("debug").GetProperty("echo_upstream_body"), "model"));
        Assert.Equal("openai/gpt-4o-mini", Text(Rig.Parse(frames[^2]).GetProperty("openrouter_metadata"), "requested"));
    }

    static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    static JsonElement Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");

    static int Reasoned(JsonElement answer) => answer.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32();
}
