using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Routing.Calls;
using Routing.Providers.Wire;

namespace Routing.Tests.Calls;

public sealed class RoutedChatTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    const string Usage = """{"id":"gen-raw","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3,"cost":0.000016}}""";

    readonly RawServer server = new();

    [Fact]
    public async Task An_answer_is_streamed_and_its_last_word_says_how_it_came_about()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.WriteAsync(": OPENROUTER PROCESSING\n\n");
            await x.FramesAsync(Delta("""{"role":"assistant","content":""}"""), Delta("""{"content":"Be"}"""), Delta("""{"content":"cause"}"""), Finish("stop"), Usage, "[DONE]");
        });
        await using var routed = NewRouted().Models("p:a");

        var updates = await routed.StreamAsync();

        Assert.Equal(["Be", "cause", "", ""], updates.Select(u => u.Text));
        Assert.Equal(ChatFinishReason.Stop, updates[2].FinishReason);
        Assert.Equal(13, updates[3].Contents.OfType<UsageContent>().Single().Details.TotalTokenCount);
        var said = RoutedAnswer.Of(updates[3].AdditionalProperties)!;
        var opened = await routed.CallAsync();
        Assert.Equal((opened.SelectionId, "normal", "p", "a", 0.000016m, false, 1), (said.SelectionId, said.Policy, said.Provider, said.Model, said.CostUsd, said.IsCostEstimated, said.Attempts));
        Assert.Equal(["It is the policy's.", "a is on the list."], said.Reasons);
        Assert.Equal(0.000016m, updates[3].AdditionalProperties!["cost_usd"]);
        Assert.Equal((true, 3, "normal"), (opened.IsStreamed, opened.PolicyVersion, opened.Policy));
        Assert.Equal(("succeeded", 0.000016m, false, "gen-raw"), (opened.Outcome, opened.CostUsd, opened.IsEstimated, opened.GenerationId));
    }

    [Fact]
    public async Task A_whole_answer_is_read_as_a_stream_and_put_together()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Delta("""{"reasoning":"hm"}"""), Delta("""{"content":"Be"}"""), Delta("""{"content":"cause"}"""),
                Delta("""{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}"""), Delta("""{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"""),
                Finish("tool_calls"), Usage, "[DONE]");
        });
        await using var routed = NewRouted().Models("p:a");

        var response = await routed.AskAsync();

        Assert.Equal("Because", response.Text);
        var call = response.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>().Single();
        Assert.Equal(("c", "f", "1"), (call.CallId, call.Name, call.Arguments!["a"]!.ToString()));
        Assert.Equal((ChatFinishReason.ToolCalls, 13, "a"), (response.FinishReason, response.Usage!.TotalTokenCount, RoutedAnswer.Of(response.AdditionalProperties)!.Model));
        Assert.Contains("\"stream\":true", server.Exchanges[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_answers_whole_only_is_asked_that_way()
    {
        server.On("a", x => x.JsonAsync(200, """
            {"id":"c-1","model":"a-2024","choices":[{"message":{"role":"assistant","content":"Because"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3}}
            """));
        await using var routed = NewRouted().Provider("local", server.Url, WireKind.Compatible, canStream: false).Models("local:a");

        var response = await routed.AskAsync();
        var updates = await routed.StreamAsync();

        Assert.Equal(("Because", "Because"), (response.Text, string.Concat(updates.Select(u => u.Text))));
        Assert.Contains("\"stream\":false", server.Exchanges[0].Body, StringComparison.Ordinal);
        var end = (await routed.CallsAsync())[0]; // no cost is named there: it is reckoned, for good
        Assert.Equal((0.000016m, false, "a-2024", "c-1"), (end.CostUsd, end.IsEstimated, end.ServedModel, end.GenerationId));
    }

    [Fact]
    public async Task Thoughts_that_came_with_an_answer_go_back_with_the_next_question()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Delta("""{"reasoning":"I ","reasoning_details":[{"type":"reasoning.text","text":"I ","index":0}]}"""),
                Delta("""{"reasoning":"think","reasoning_details":[{"type":"reasoning.text","text":"think","signature":"sig","index":0}]}"""), Delta("""{"content":"So"}"""),
                Finish("stop"), Usage, "[DONE]");
        });
        await using var routed = NewRouted().Models("p:a");
        var client = routed.Client();

        var first = await client.GetResponseAsync("one");
        await client.GetResponseAsync([.. first.Messages, new ChatMessage(ChatRole.User, "two")]);

        Assert.Equal("I think", string.Concat(first.Messages.SelectMany(m => m.Contents).OfType<TextReasoningContent>().Select(c => c.Text)));
        var sentBack = JsonNode.Parse(server.Exchanges[1].Body)!["messages"]![0]!.ToJsonString();
        Assert.Equal("""{"role":"assistant","content":"So","reasoning_details":[{"text":"I think","type":"reasoning.text","signature":"sig","index":0}]}""", sentBack);
    }

    [Fact]
    public async Task A_provider_that_leads_elsewhere_is_not_followed()
    {
        server.On("a", x => x.WriteAsync($"HTTP/1.1 307 X\r\nLocation: {server.Url}/elsewhere\r\nContent-Length: 0\r\n\r\n"));
        server.On("b", Good);
        await using var routed = NewRouted().Models("p:a", "p:b");

        await routed.AskAsync();

        Assert.Equal(["a", "b"], server.Exchanges.Select(e => e.Model));
        var refused = (await routed.CallsAsync())[0];
        Assert.Equal(("provider_unavailable", 0m, false), (refused.ErrorKind, refused.CostUsd, refused.IsEstimated));
    }

    [Theory]
    [InlineData(502, "provider_unavailable", 1)]
    [InlineData(503, "provider_overloaded", 1)]
    [InlineData(529, "provider_overloaded", 1)]
    [InlineData(404, "not_found", 1)]
    [InlineData(429, "rate_limited", 1)]
    [InlineData(500, "server_error", 2)]
    [InlineData(504, "timeout", 2)]
    [InlineData(408, "timeout", 2)]
    public async Task Another_model_answers_when_one_cannot(int status, string kind, int tries)
    {
        server.On("a", x => x.JsonAsync(status, $$$"""{"error":{"code":{{{status}}},"message":"m"} }"""));
        server.On("b", Good);
        await using var routed = NewRouted().Models("p:a", "p:b");

        Assert.Equal("Good", (await routed.AskAsync()).Text);
        Assert.Equal("Good", string.Concat((await routed.StreamAsync()).Select(u => u.Text)));

        Assert.Equal((2 * tries, 2), (server.Count("a"), server.Count("b")));
        var calls = await routed.CallsAsync();
        Assert.Equal(("failed", kind, 0m, false, status), (calls[0].Outcome, calls[0].ErrorKind, calls[0].CostUsd, calls[0].IsEstimated, calls[0].HttpStatus));
        Assert.Contains($"Tried before: p/a: {kind} ({status}).", calls[tries].Reasons);
        Assert.Equal((tries + 1, "succeeded"), (calls[tries].Attempt, calls[tries].Outcome));
    }

    [Theory]
    [InlineData(400, "invalid_request")]
    [InlineData(403, "permission_denied")]
    [InlineData(413, "invalid_request")]
    [InlineData(422, "invalid_request")]
    public async Task What_nobody_would_answer_is_told_to_the_caller_at_once(int status, string kind)
    {
        server.On("a", x => x.JsonAsync(status, """{"error":{"message":"secret prompt"}}"""));
        server.On("b", Good);
        await using var routed = NewRouted().Models("p:a", "p:b");

        var failed = await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync());

        Assert.Equal((kind, status, 1), (failed.Kind, (int)failed.StatusCode!, server.Exchanges.Count));
        Assert.Equal($"No model answered: p/a: {kind} ({status}).", failed.Message);
        Assert.Equal("secret prompt", (await routed.CallAsync()).Error); // in the row, and nowhere else
        Assert.DoesNotContain(routed.Log.Lines, l => l.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, "authentication")]
    [InlineData(402, "payment_required")]
    public async Task A_provider_that_refuses_key_or_money_is_out_and_others_serve(int status, string kind)
    {
        server.On("a", x => x.JsonAsync(status, "{}"));
        server.On("b", x => x.JsonAsync(status, "{}"));
        server.On("c", Good);
        await using var routed = NewRouted().Provider("q", server.Url).Models("p:a", "p:b", "q:c");

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        Assert.Equal((1, 0, 1), (server.Count("a"), server.Count("b"), server.Count("c")));
        Assert.Equal([("p", kind)], routed.Health.Out().Select(o => (o.Key, o.Value)));
        Assert.Contains(routed.Log.Lines, l => l.StartsWith($"7401 The provider p is out: {kind}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connections_are_used_again()
    {
        await using var emulator = await Emulators.OpenRouter.OpenRouterEmulator.StartAsync(new(), CancellationToken.None);
        await using var routed = new Routed(field, connect: Counting).Provider("openrouter", emulator.BaseUrl).Models("openrouter:openai/gpt-4o-mini");
        for (var i = 0; i < 20; i++) await (i % 2 == 0 ? (Task)routed.AskAsync() : routed.StreamAsync());

        Assert.InRange(connections, 1, 3); // the end of an answer may come after the next call has begun
    }

    int connections;

    async ValueTask<Stream> Counting(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        Interlocked.Increment(ref connections);
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, ct);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }

    [Fact]
    public async Task Rules_for_data_and_the_price_that_was_held_go_with_the_call()
    {
        server.On("a", Good);
        await using var routed = NewRouted().Models("p:a");
        routed.RulesOf = (asked, used) => new UpstreamRules(true, false, [asked], [used]);

        await routed.AskAsync();

        Assert.Contains("""{"zdr":true,"only":["normal"],"ignore":["normal"],"max_price":{"prompt":1.000000,"completion":2.000000,"request":0}}""", server.Exchanges[0].Body, StringComparison.Ordinal);
        Assert.Contains($"X-Request-Id: {(await routed.CallAsync()).SelectionId}", server.Exchanges[0].Head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Authorization: Bearer sk-test", server.Exchanges[0].Head, StringComparison.Ordinal);
        Assert.DoesNotContain("traceparent", server.Exchanges[0].Head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_image_is_served_for_the_price_that_was_held_or_not_at_all()
    {
        await using var emulator = await Emulators.OpenRouter.OpenRouterEmulator.StartAsync(new(), CancellationToken.None);
        await using var cheap = new Routed(field).Provider("openrouter", emulator.BaseUrl).Model("openrouter:google/gemini-2.5-pro", price: new(0.000005m, 0.00002m, ImageUsd: 0.005m));
        await using var enough = new Routed(field).Provider("openrouter", emulator.BaseUrl).Model("openrouter:google/gemini-2.5-pro", price: new(0.000005m, 0.00002m, ImageUsd: 0.006m));
        ChatMessage seen = new(ChatRole.User, [new TextContent("See"), new UriContent(new Uri("https://example.com/a.jpg"), "image/jpeg")]);

        var refused = await Assert.ThrowsAsync<ChatFailedException>(() => cheap.Client().GetResponseAsync([seen]));
        await cheap.AskAsync(); // without one its price is nobody's business
        await enough.Client().GetResponseAsync([seen]);

        Assert.Equal("not_found", refused.Kind);
        Assert.Equal(emulator.Ledger.Entries[^1].Outcome!.CostUsd, (await enough.CallAsync()).CostUsd);
        Assert.Equal(1, emulator.Ledger.Entries[^1].Outcome!.Tokens.Images);
    }

    [Fact]
    public async Task Each_request_of_a_client_is_one_of_its_own()
    {
        server.On("a", Good);
        await using var routed = NewRouted().Models("p:a");
        var origin = routed.Origin() with { TaskId = Guid.CreateVersion7(DateTimeOffset.UnixEpoch), TaskEpoch = 3, TaskKind = "fix_bug", Tenant = "acme" };
        var client = routed.Client(origin, new RouteWish(null, "fix_bug", "fast"));

        await client.GetResponseAsync("one");
        await client.GetResponseAsync("two", new() { MaxOutputTokens = 99 });

        var calls = await routed.CallsAsync();
        Assert.Equal(origin, OriginOf(calls[0]));
        Assert.Equal(origin, OriginOf(calls[1]) with { RequestId = origin.RequestId });
        Assert.NotEqual(origin.RequestId, calls[1].RequestId);
        Assert.Equal(("fix_bug", "fast", 99, "acme", "fix_bug"), (routed.Requests[1].TaskType, routed.Requests[1].Preference, routed.Requests[1].MaxTokens, routed.Requests[1].Tenant, routed.Requests[1].TaskKind));
    }

    static Task Good(RawExchange x) => Answers.GoodAsync(x);

    static string Delta(string delta) => Answers.Delta(delta);

    static string Finish(string reason) => Answers.Finish(reason);

    static CallOrigin OriginOf(CallRow call) => new(call.RequestId, call.TaskId, call.TaskEpoch, call.TaskKind, call.Tenant, call.Worker);

    Routed NewRouted() => new Routed(field).Provider("p", server.Url);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
