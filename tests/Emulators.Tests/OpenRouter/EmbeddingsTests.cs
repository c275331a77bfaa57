using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Emulators.Tests.OpenRouter;

public sealed class EmbeddingsTests
{
    const string Model = "openai/text-embedding-3-small";

    [Theory]
    [InlineData("\"one text\"", 1, 2)]
    [InlineData("[\"one\",\"two and more\"]", 2, 4)]
    [InlineData("[1,2,3]", 1, 3)]
    [InlineData("[[1,2,3],[4]]", 2, 4)]
    [InlineData("[{\"content\":[{\"type\":\"text\",\"text\":\"four\"}]}]", 1, 1)]
    public async Task Each_input_gets_a_vector_and_its_tokens_are_billed(string input, int vectors, int tokens)
    {
        await using var rig = await Rig.StartAsync();

        var answer = await Rig.JsonAsync(await rig.PostAsync("/api/v1/embeddings", Body(input)));

        Assert.Equal(vectors, answer.GetProperty("data").GetArrayLength());
        Assert.All(answer.GetProperty("data").EnumerateArray(), d => Assert.Equal(1536, d.GetProperty("embedding").GetArrayLength()));
        Assert.Equal(tokens, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(tokens * 0.00000002m, answer.GetProperty("usage").GetProperty("cost").GetDecimal());
        Assert.Equal(tokens * 0.00000002m, rig.Emulator.Ledger.TotalUsd);
    }

    [Fact]
    public async Task Texts_with_words_in_common_are_nearer_and_base64_holds_the_same_numbers()
    {
        await using var rig = await Rig.StartAsync();
        var input = """["the cache is cold","the cache is warm","nobody reads manuals"]""";

        var vectors = Vectors(await Rig.JsonAsync(await rig.PostAsync("/api/v1/embeddings", Body(input, 256))));
        var packed = (await Rig.JsonAsync(await rig.PostAsync("/api/v1/embeddings", Body(input, 256, "base64")))).GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();

        Assert.True(Dot(vectors[0], vectors[1]) > 0.5);
        Assert.True(Dot(vectors[0], vectors[2]) < 0.4);
        Assert.Equal(1, Dot(vectors[0], vectors[0]), 5);
        Assert.Equal(vectors[0], MemoryMarshal.Cast<byte, float>(packed).ToArray());
    }

    [Theory]
    [InlineData("openai/gpt-4o", "\"a\"", 8)]
    [InlineData(Model, "7", 8)]
    [InlineData(Model, "[]", 8)]
    [InlineData(Model, "\"a\"", 0)]
    [InlineData("nobody/nothing", "\"a\"", 8)]
    public async Task What_cannot_be_embedded_is_refused(string model, string input, int dimensions)
    {
        await using var rig = await Rig.StartAsync();
        var body = Body(input, dimensions);
        body["model"] = model;

        Assert.Equal(HttpStatusCode.BadRequest, (await rig.PostAsync("/api/v1/embeddings", body)).StatusCode);
    }

    [Fact]
    public async Task Faults_befall_embeddings_too()
    {
        await using var rig = await Rig.StartAsync();
        var body = Body("\"a\"");
        body["model"] = "emulator/fault-503";

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await rig.PostAsync("/api/v1/embeddings", body)).StatusCode);
    }

    static JsonObject Body(string input, int? dimensions = null, string? format = null)
    {
        var body = new JsonObject { ["model"] = Model, ["input"] = JsonNode.Parse(input) };
        if (dimensions is not null) body["dimensions"] = dimensions;
        if (format is not null) body["encoding_format"] = format;
        return body;
    }

    static List<float[]> Vectors(JsonElement answer) => [.. answer.GetProperty("data").EnumerateArray().Select(d => d.GetProperty("embedding").EnumerateArray().Select(v => v.GetSingle()).ToArray())];

    static double Dot(float[] a, float[] b) => a.Zip(b).Sum(p => (double)p.First * p.Second);
}
