using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Routing.Providers.Wire;

namespace Routing.Tests.Providers.Wire;

public sealed class ChatRequestTests
{
    static readonly ProviderEndpoint OpenRouter = new("openrouter", WireKind.OpenRouter, new Uri("http://127.0.0.1:1/api/v1/"), h => h.Authorization = new("Bearer", "sk-secret"));
    static readonly ProviderEndpoint Local = OpenRouter with { Kind = WireKind.Compatible };
    static readonly ModelAsked Asked = new("openai/gpt-4o", 500, 0.7, true, UpstreamRules.None);

    [Fact]
    public async Task A_plain_question_is_as_short_as_it_can_be()
    {
        var body = await BodyAsync(new ChatRequest([new(ChatRole.System, "Be brief."), new(ChatRole.User, "Wörter \"in\" 🚀\n")], null), OpenRouter);

        Assert.Equal("""{"model":"openai/gpt-4o","stream":true,"max_completion_tokens":500,"temperature":0.7,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Wörter \"in\" \uD83D\uDE80\n"}]}""", body);
    }

    [Fact]
    public async Task Other_servers_are_asked_for_usage_and_know_the_old_name_of_the_limit()
    {
        var body = await BodyAsync(new ChatRequest([new(ChatRole.User, "x")], null), Local);

        Assert.StartsWith("""{"model":"openai/gpt-4o","stream":true,"max_tokens":500,"stream_options":{"include_usage":true},""", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_are_written_and_the_callers_temperature_wins()
    {
        var options = new ChatOptions
        {
            Instructions = "First.", Temperature = 0.25f, TopP = 0.5f, TopK = 3, Seed = 7, StopSequences = ["a", "b"], FrequencyPenalty = 1, PresencePenalty = -1,
            Reasoning = new() { Effort = ReasoningEffort.High, Output = ReasoningOutput.None }, ResponseFormat = ChatResponseFormat.Json,
            AdditionalProperties = new() { ["session_id"] = "s", ["plugins"] = "never", ["models"] = "never", ["service_tier"] = "never" },
        };

        var body = JsonNode.Parse(await BodyAsync(new ChatRequest([new(ChatRole.User, "x")], options), OpenRouter))!;

        AssertJson("""
            {"model":"openai/gpt-4o","stream":true,"max_completion_tokens":500,"temperature":0.25,"top_p":0.5,"top_k":3,"frequency_penalty":1,"presence_penalty":-1,"seed":7,
             "stop":["a","b"],"reasoning":{"effort":"high","exclude":true},"session_id":"s","messages":[{"role":"system","content":"First."},{"role":"user","content":"x"}],
             "response_format":{"type":"json_object"}}
            """, body);
    }

    [Fact]
    public async Task Reasoning_is_an_effort_for_servers_that_know_no_more()
    {
        var options = new ChatOptions { Reasoning = new() { Effort = ReasoningEffort.Low } };

        Assert.Contains("\"reasoning_effort\":\"low\"", await BodyAsync(new ChatRequest([new(ChatRole.User, "x")], options), Local), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_for_data_and_the_dearest_price_go_to_openrouter_alone()
    {
        var asked = Asked with { Rules = new(true, true, ["a"], ["b"]), MaxPrice = new(0.0000005m, 0.000002m, 0.01m), Fallbacks = ["other/model"] };
        var request = new ChatRequest([new(ChatRole.User, "x")], null);

        var there = JsonNode.Parse(await BodyAsync(request, OpenRouter, asked))!;
        var elsewhere = JsonNode.Parse(await BodyAsync(request, Local, asked))!;

        AssertJson("""{"zdr":true,"data_collection":"deny","only":["a"],"ignore":["b"],"max_price":{"prompt":0.5000000,"completion":2.000000,"request":0.01}}""", there["provider"]!);
        AssertJson("""["openai/gpt-4o","other/model"]""", there["models"]!);
        Assert.Null(elsewhere["provider"] ?? elsewhere["models"]);
    }

    [Fact]
    public async Task Tools_their_calls_and_their_results_are_written()
    {
        var tool = AIFunctionFactory.Create((string city) => city, "weather", "Tells the weather.");
        var options = new ChatOptions { Tools = [tool], ToolMode = ChatToolMode.RequireSpecific("weather"), AllowMultipleToolCalls = false };
        ChatMessage[] messages =
        [
            new(ChatRole.User, "Weather?"),
            new(ChatRole.Assistant, [new FunctionCallContent("c1", "weather", new Dictionary<string, object?> { ["city"] = "Köln" }), new FunctionCallContent("c2", "weather", null)]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "rain"), new FunctionResultContent("c2", new { degrees = 3 })]),
        ];

        var body = JsonNode.Parse(await BodyAsync(new ChatRequest(messages, options), OpenRouter))!;

        AssertJson("""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Köln\"}"}},
                                                              {"id":"c2","type":"function","function":{"name":"weather","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"tool","tool_call_id":"c2","content":"{\"degrees\":3}"}]
            """, body["messages"]!);
        AssertJson("""{"type":"function","function":{"name":"weather"}}""", body["tool_choice"]!);
        Assert.Equal("weather", body["tools"]![0]!["function"]!["name"]!.GetValue<string>());
        Assert.Equal("object", body["tools"]![0]!["function"]!["parameters"]!["type"]!.GetValue<string>());
        Assert.False(body["parallel_tool_calls"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", true)]
    [InlineData("""{"type":"object","properties":{}}""", false)]
    public async Task A_schema_is_strict_when_it_is_closed(string schema, bool isStrict)
    {
        using var document = JsonDocument.Parse(schema);
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(document.RootElement, "plan", "A plan.") };

        var body = JsonNode.Parse(await BodyAsync(new ChatRequest([new(ChatRole.User, "x")], options), OpenRouter))!;

        AssertJson($$"""{"type":"json_schema","json_schema":{"name":"plan","description":"A plan.","strict":{{(isStrict ? "true" : "false")}},"schema":{{schema}} } }""", body["response_format"]!);
    }

    [Fact]
    public async Task Pictures_sound_and_files_have_their_parts_and_a_picture_weighs_what_pictures_weigh()
    {
        ChatMessage[] messages =
        [
            new(ChatRole.User,
            [
                new TextContent("See"), new DataContent(new byte[3_000_000], "image/png"), new UriContent(new Uri("https://example.com/a.jpg"), "image/jpeg"),
                new DataContent(new byte[3], "audio/wav"), new DataContent(new byte[3], "application/pdf") { Name = "a.pdf" },
            ]),
        ];

        var request = new ChatRequest(messages, null);
        var parts = JsonNode.Parse(await BodyAsync(request, OpenRouter))!["messages"]![0]!["content"]!.AsArray();

        Assert.Equal(["text", "image_url", "image_url", "input_audio", "file"], parts.Select(p => p!["type"]!.GetValue<string>()));
        AssertJson("""{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}""", parts[4]!);
        Assert.Equal(2, request.Images);
        Assert.InRange(request.InputBytes, 200, 800);
        Assert.Superset(new HashSet<string> { "image", "audio", "file" }, new HashSet<string>(request.Needs));
    }

    [Fact]
    public void Size_is_known_before_a_model_is_and_bounds_every_text()
    {
        var text = string.Concat(Enumerable.Repeat("äöü € \"\\\n", 500));

        var request = new ChatRequest([new(ChatRole.System, text), new(ChatRole.User, text)], new() { Tools = [AIFunctionFactory.Create(() => 1, "f")] });

        Assert.InRange(request.InputBytes, 2 * Encoding.UTF8.GetByteCount(text), 3 * Encoding.UTF8.GetByteCount(text));
        Assert.Contains("tools", request.Needs);
    }

    [Fact]
    public async Task Thoughts_go_back_to_openrouter_and_to_nobody_else()
    {
        var details = new ReasoningDetails();
        foreach (var json in new[] { """[{"type":"reasoning.text","text":"I ","index":0,"format":"f"}]""", """[{"type":"reasoning.text","text":"think","signature":"sig","index":0}]""", """[{"type":"reasoning.encrypted","data":"x"}]""" })
            details.Add(JsonDocument.Parse(json).RootElement);
        var request = new ChatRequest([new(ChatRole.Assistant, [new TextReasoningContent("I think") { ProtectedData = details.ToString() }, new TextContent("So")]), new(ChatRole.User, "x")], null);

        var there = JsonNode.Parse(await BodyAsync(request, OpenRouter))!;
        var elsewhere = JsonNode.Parse(await BodyAsync(request, Local))!;

        AssertJson("""[{"text":"I think","type":"reasoning.text","signature":"sig","index":0,"format":"f"},{"type":"reasoning.encrypted","data":"x"}]""", there["messages"]![0]!["reasoning_details"]!);
        AssertJson("""{"role":"assistant","content":"So"}""", elsewhere["messages"]![0]!);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_does_no_harm() =>
        Assert.Contains("\uFFFD", JsonNode.Parse(await BodyAsync(new ChatRequest([new(ChatRole.User, "a\uD83Db")], null), OpenRouter))!["messages"]![0]!["content"]!.GetValue<string>(), StringComparison.Ordinal);

    [Fact]
    public void Five_stop_sequences_are_too_many() => Assert.Equal("A request has at most 4 stop sequences, has 5.",
        Assert.Throws<ArgumentException>(() => new ChatRequest([new(ChatRole.User, "x")], new() { StopSequences = ["1", "2", "3", "4", "5"] })).Message);

    [Fact]
    public void A_temperature_that_a_model_does_not_understand_is_left_out()
    {
        var asked = Asked with { Parameters = new HashSet<string> { "max_tokens" } };

        Assert.False(asked.Understands("temperature"));
        Assert.True(Asked.Understands("temperature"));
    }

    [Fact]
    public void An_endpoint_never_shows_its_key()
    {
        Assert.DoesNotContain("secret", OpenRouter.ToString(), StringComparison.Ordinal);
        Assert.Equal("http://127.0.0.1:1/api/v1/chat/completions", OpenRouter.ChatUrl.AbsoluteUri);
        Assert.Equal("http://127.0.0.1:1/api/v1/generation?id=gen%261", OpenRouter.GenerationUrl("gen&1").AbsoluteUri);
    }

    static Task<string> BodyAsync(ChatRequest request, ProviderEndpoint endpoint, ModelAsked? asked = null) => request.BodyFor(endpoint, asked ?? Asked).ReadAsStringAsync();

    static void AssertJson(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {JsonNode.Parse(expected)!.ToJsonString()}, is {actual.ToJsonString()}");
}
