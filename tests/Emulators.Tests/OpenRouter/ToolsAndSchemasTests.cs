using System.Text.Json;
using System.Text.Json.Nodes;
using Emulators.OpenRouter.Answers;

namespace Emulators.Tests.OpenRouter;

/// <summary>Tool calls, and JSON that satisfies a schema.</summary>
public sealed class ToolsAndSchemasTests
{
    static readonly object[] Tools =
    [
        new { type = "function", function = new { name = "read_file", parameters = new { type = "object", required = new[] { "path" }, properties = new { path = new { type = "string" }, lines = new { type = "integer" } } } } },
        new { type = "function", function = new { name = "list", parameters = new { type = "object" } } },
    ];

    [Fact]
    public async Task A_tool_that_must_be_called_is_called_with_arguments_that_its_schema_allows()
    {
        await using var rig = await Rig.StartAsync();

        var named = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new { tools = Tools, tool_choice = new { type = "function", function = new { name = "list" } } }));
        var any = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new { tools = Tools, tool_choice = "required" }));
        var none = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new { tools = Tools }));

        Assert.Equal(("tool_calls", "list", "{}"), Called(named));
        Assert.Equal(("tool_calls", "read_file", """{"path":"emulated"}"""), Called(any));
        Assert.Equal(JsonValueKind.Null, any.GetProperty("choices")[0].GetProperty("message").GetProperty("content").ValueKind);
        Assert.Equal("stop", none.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Tool_calls_stream_with_id_and_name_first_and_their_arguments_in_pieces()
    {
        var arguments = JsonSerializer.SerializeToElement(new { path = "src/Größe/a long path that takes several frames.cs" });
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { ToolCalls = [new("read_file", arguments), new("list")] }] });

        var frames = await rig.FramesAsync(Rig.Ask("openai/gpt-4o", more: new { tools = Tools }));

        var calls = frames.SkipLast(2).Select(f => Rig.Parse(f).GetProperty("choices")[0].GetProperty("delta")).Where(d => d.TryGetProperty("tool_calls", out _)).Select(d => d.GetProperty("tool_calls")[0]).ToList();
        var starts = calls.Where(c => c.TryGetProperty("id", out _)).ToList();
        Assert.Equal([(0, "read_file"), (1, "list")], starts.Select(c => (c.GetProperty("index").GetInt32(), c.GetProperty("function").GetProperty("name").GetString()!)));
        string Arguments(int index) => string.Concat(calls.Where(c => c.GetProperty("index").GetInt32() == index).Select(c => c.GetProperty("function").GetProperty("arguments").GetString()));
        Assert.Equal("""{"path":"src/Größe/a long path that takes several frames.cs"}""", Arguments(0));
        Assert.Equal("{}", Arguments(1));
        Assert.True(calls.Count(c => c.GetProperty("index").GetInt32() == 0) > 3);
        Assert.Equal("tool_calls", Rig.Parse(frames[^3]).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_schema_is_answered_with_json_that_satisfies_it()
    {
        await using var rig = await Rig.StartAsync();
        var schema = new { type = "object", required = new[] { "verdict", "score" }, properties = new { verdict = new { @enum = new[] { "yes", "no" } }, score = new { type = "number", minimum = 0.5 }, why = new { type = "string" } } };

        var answer = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new { response_format = new { type = "json_schema", json_schema = new { name = "verdict", strict = true, schema } } }));
        var anything = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", more: new { response_format = new { type = "json_object" } }));

        Assert.Equal("""{"verdict":"yes","score":0.5}""", Content(answer));
        Assert.Equal(JsonValueKind.Object, Rig.Parse(Content(anything)).ValueKind);
    }

    [Theory]
    [InlineData("""{"type":"string","minLength":12}""", "\"eeeeeeeeeeee\"")]
    [InlineData("""{"type":"string","maxLength":3}""", "\"emu\"")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"2026-01-01T00:00:00Z\"")]
    [InlineData("""{"type":"integer","minimum":3}""", "3")]
    [InlineData("""{"type":"integer","exclusiveMinimum":3}""", "4")]
    [InlineData("""{"type":"number","maximum":-2}""", "-2")]
    [InlineData("""{"type":"integer","minimum":7,"multipleOf":5}""", "10")]
    [InlineData("""{"type":["null","boolean"]}""", "true")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[]")]
    [InlineData("""{"type":"array","minItems":2,"items":{"const":"x"}}""", "[\"x\",\"x\"]")]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"string"}]}""", "null")]
    [InlineData("""{"allOf":[{"type":"object","required":["a"],"properties":{"a":{"const":1}}},{"type":"object","required":["b"],"properties":{"b":{"const":2}}}]}""", """{"a":1,"b":2}""")]
    [InlineData("""{"$ref":"#/$defs/leaf","$defs":{"leaf":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}}}""", """{"n":0}""")]
    public void A_schema_has_a_smallest_instance(string schema, string instance) => Assert.Equal(instance, SchemaInstance.Of(Rig.Parse(schema))?.ToJsonString() ?? "null");

    [Fact]
    public void A_schema_that_contains_itself_ends() =>
        Assert.IsType<JsonObject>(SchemaInstance.Of(Rig.Parse("""{"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}}""")));

    static string Content(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

    static (string?, string?, string?) Called(JsonElement answer)
    {
        var choice = answer.GetProperty("choices")[0];
        var function = choice.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
        return (choice.GetProperty("finish_reason").GetString(), function.GetProperty("name").GetString(), function.GetProperty("arguments").GetString());
    }
}
