using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Emulators.OpenRouter.Accounts;

namespace Emulators.Tests.OpenRouter;

/// <summary>What the emulator refuses by itself, and in which words.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("""[]""", "must be an object")]
    [InlineData("""{"model":"openai/gpt-4o"}""", "messages")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[]}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", "model")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"robot","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"model":"openai/gpt-4o","messages":["a"]}""", "messages[0].role")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"user","content":"a"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"user","content":"a"}],"temperature":3}""", "temperature")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"user","content":"a"}],"stream":"yes"}""", "stream")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"user","content":"a"}],"stop":["a","b","c","d","e"]}""", "stop")]
    [InlineData("""{"model":"deepseek/deepseek-r1","messages":[{"role":"user","content":"a"}],"reasoning":{"enabled":false}}""", "mandatory")]
    [InlineData("""{"model":"openai/text-embedding-3-small","messages":[{"role":"user","content":"a"}]}""", "embeddings")]
    [InlineData("""{"model":""", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":"user","content":"half a pair: \ud83d"}]}""", "not valid Unicode")]
    [InlineData("""{"model":"openai/gpt-4o","messages":[{"role":{},"content":"a"}]}""", "role must be a text")]
    public async Task A_request_that_cannot_be_is_refused_in_shape_A(string body, string said)
    {
        await using var rig = await Rig.StartAsync();

        using var response = await rig.Client.PostAsync("/api/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));

        var error = (await Rig.JsonAsync(response, 400)).GetProperty("error");
        Assert.Equal(400, error.GetProperty("code").GetInt32());
        Assert.Equal("invalid_request", error.GetProperty("metadata").GetProperty("error_type").GetString());
        Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var outcome = Assert.Single(rig.Emulator.Ledger.Entries).Outcome!;
        Assert.Equal((400, 0m), (outcome.Status, outcome.CostUsd));
    }

    [Fact]
    public async Task A_model_that_never_was_is_400_and_one_that_is_gone_is_404_with_its_successors()
    {
        await using var rig = await Rig.StartAsync();
        rig.Emulator.Catalog.Remove("anthropic/claude-3.5-haiku");

        var unknown = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("nobody/nothing")), 400)).GetProperty("error");
        var gone = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("anthropic/claude-3.5-haiku")), 404)).GetProperty("error");
        var noFault = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("emulator/fault-unheard-of")), 400)).GetProperty("error");

        Assert.Equal("model_not_found", unknown.GetProperty("availability").GetProperty("code").GetString());
        Assert.Equal("model_not_found", noFault.GetProperty("availability").GetProperty("code").GetString());
        Assert.Equal("model_deprecated", gone.GetProperty("availability").GetProperty("code").GetString());
        Assert.Equal("anthropic/claude-opus-4.5", gone.GetProperty("availability").GetProperty("fallback_models")[0].GetString());
    }

    [Theory]
    [InlineData("""{"only":["anthropic"]}""")]
    [InlineData("""{"ignore":["openai"]}""")]
    [InlineData("""{"max_price":{"prompt":0.1}}""")]
    [InlineData("""{"max_price":{"completion":0.5}}""")]
    public async Task Wishes_that_leave_no_endpoint_are_404(string provider)
    {
        await using var rig = await Rig.StartAsync();

        var refused = await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("openai/gpt-4o-mini", more: new { provider = JsonNode.Parse(provider) })), 404);

        Assert.Equal("constraint_filtered", refused.GetProperty("error").GetProperty("availability").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_prompt_and_its_answer_must_fit_the_context()
    {
        await using var rig = await Rig.StartAsync();
        var fits = new string('x', (16_385 - 3 - 1) * 4);

        Assert.Equal(HttpStatusCode.OK, (await rig.ChatAsync(Rig.Ask("openai/gpt-3.5-turbo", fits))).StatusCode);
        var refused = await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("openai/gpt-3.5-turbo", fits, new { max_tokens = 2 })), 400);

        Assert.Equal("context_length_exceeded", refused.GetProperty("error").GetProperty("metadata").GetProperty("error_type").GetString());
    }

    [Fact]
    public async Task Without_a_key_with_a_wrong_one_and_with_a_revoked_one_it_is_401()
    {
        await using var rig = await Rig.StartAsync(new() { Keys = [new(Rig.Key), new("sk-or-revoked") { IsDisabled = true }] });
        async Task<int> StatusAsync(string? authorization)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(rig.Emulator.Url, "/api/v1/chat/completions")) { Content = new StringContent(Rig.Ask("openai/gpt-4o").ToJsonString()) };
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var client = new HttpClient();
            using var response = await client.SendAsync(request);
            return (int)response.StatusCode;
        }

        Assert.Equal(new[] { 401, 401, 401, 401, 200 }, new[] { await StatusAsync(null), await StatusAsync("Bearer "), await StatusAsync("Bearer wrong"), await StatusAsync("Bearer sk-or-revoked"), await StatusAsync($"Bearer {Rig.Key}") });
        Assert.Equal(5, rig.Emulator.Ledger.Calls);
    }

    [Fact]
    public async Task A_key_that_has_spent_its_limit_and_an_account_without_credits_get_402()
    {
        await using var rig = await Rig.StartAsync(new() { Keys = [new(Rig.Key) { LimitUsd = 0.000001m }] });

        var first = await rig.ChatAsync(Rig.Ask("openai/gpt-4o"));
        var limited = await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("openai/gpt-4o")), 402);
        rig.Emulator.Keys.Put(new EmulatedKey(Rig.Key));
        rig.Emulator.Keys.CreditsUsd = 0.000001m;
        var broke = await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("openai/gpt-4o")), 402);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Contains("Key limit exceeded", limited.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("Insufficient credits", broke.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("payment_required", broke.GetProperty("error").GetProperty("metadata").GetProperty("error_type").GetString());
    }

    [Fact]
    public async Task A_body_of_fifteen_megabytes_is_read_and_one_of_seventeen_is_413()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "read" }] });

        rig.Client.DefaultRequestHeaders.ExpectContinue = true; // else what is still being sent hides the answer

        var large = await rig.ChatAsync(Rig.Ask("openai/gpt-4.1", "short", new { padding = new string('x', 15 * 1024 * 1024) }));
        var huge = await rig.ChatAsync(Rig.Ask("openai/gpt-4.1", "short", new { padding = new string('x', 17 * 1024 * 1024) }));

        Assert.Equal(HttpStatusCode.OK, large.StatusCode);
        Assert.Equal(413, (await Rig.JsonAsync(huge, 413)).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task An_unknown_path_is_404_in_shape_A()
    {
        await using var rig = await Rig.StartAsync();

        Assert.Equal(404, (await Rig.JsonAsync(await rig.Client.GetAsync("/api/v1/nothing"), 404)).GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task A_name_that_is_not_this_machines_is_refused_and_so_is_a_body_that_a_web_page_could_send()
    {
        await using var rig = await Rig.StartAsync();
        rig.Client.DefaultRequestHeaders.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.Client.GetAsync("/api/v1/models")).StatusCode);
        rig.Client.DefaultRequestHeaders.Host = "localhost";

        await rig.SendAsync(HttpMethod.Post, "/emulator/faults", """{"fault":"429"}""", "text/plain", 415);

        Assert.Empty(rig.Emulator.Faults.Rules);
        Assert.True(rig.Emulator.Url.IsLoopback);
    }
}
