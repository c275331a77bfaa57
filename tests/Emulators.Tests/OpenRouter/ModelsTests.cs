using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Emulators.Tests.OpenRouter;

/// <summary>The catalog on the wire, and what can befall it.</summary>
public sealed class ModelsTests
{
    [Fact]
    public async Task The_list_has_the_models_of_the_product_with_prices_as_texts()
    {
        await using var rig = await Rig.StartAsync();

        var list = await rig.GetAsync("/api/v1/models");

        var models = list.GetProperty("data").EnumerateArray().ToDictionary(m => m.GetProperty("id").GetString()!);
        Assert.Equal(models.Count, list.GetProperty("total_count").GetInt32());
        Assert.Equal(JsonValueKind.Null, list.GetProperty("links").GetProperty("next").ValueKind);
        foreach (var id in new[] { "openai/gpt-4o-mini", "openai/gpt-4o", "openai/gpt-3.5-turbo", "anthropic/claude-3.5-sonnet", "anthropic/claude-sonnet-4", "anthropic/claude-opus-4", "anthropic/claude-3.5-haiku", "anthropic/claude-haiku-4.5" })
            Assert.Contains(id, models.Keys);
        Assert.InRange(models.Count, 30, 40);
        Assert.Equal(("0.00000015", "0.0000006", "0.000000075"), (Price(models["openai/gpt-4o-mini"], "prompt"), Price(models["openai/gpt-4o-mini"], "completion"), Price(models["openai/gpt-4o-mini"], "input_cache_read")));
        Assert.Equal("-1", Price(models["openrouter/auto"], "prompt"));
        Assert.Equal("0", Price(models["meta-llama/llama-3.3-70b-instruct:free"], "prompt"));
        Assert.Equal(200_000, models["anthropic/claude-sonnet-4"].GetProperty("pricing").GetProperty("overrides")[0].GetProperty("min_prompt_tokens").GetInt32());
        Assert.Equal(1630, models["deepseek/deepseek-chat-v3.1"].GetProperty("pricing").GetProperty("overrides")[0].GetProperty("utc_start").GetInt32());
        Assert.Equal(0.25m, models["google/gemini-2.0-flash-001"].GetProperty("pricing").GetProperty("discount").GetDecimal());
        Assert.Contains(models.Values, m => m.GetProperty("expiration_date").ValueKind == JsonValueKind.String);
        Assert.Contains(models.Values, m => m.TryGetProperty("reasoning", out var r) && r.GetProperty("mandatory").GetBoolean());
        foreach (var price in new[] { "request", "image", "web_search", "internal_reasoning", "input_cache_write", "input_cache_write_1h" })
            Assert.Contains(models.Values, m => m.GetProperty("pricing").TryGetProperty(price, out _));
    }

    [Theory]
    [InlineData("", 34)]
    [InlineData("output_modalities=all", 35)]
    [InlineData("output_modalities=embeddings", 1)]
    [InlineData("supported_parameters=tools,structured_outputs&model_authors=anthropic", 8)]
    [InlineData("q=claude%20opus", 3)]
    [InlineData("model_authors=google&max_price=0.2", 1)]
    [InlineData("context=1000000&model_authors=anthropic", 2)]
    public async Task A_query_chooses_among_them_and_the_count_agrees(string query, int expected)
    {
        await using var rig = await Rig.StartAsync();

        var list = await rig.GetAsync($"/api/v1/models?{query}");
        var count = await rig.GetAsync($"/api/v1/models/count?{query}");

        Assert.Equal(expected, list.GetProperty("data").GetArrayLength());
        Assert.Equal(expected, list.GetProperty("total_count").GetInt32());
        Assert.Equal(expected, count.GetProperty("data").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Pages_link_to_the_next_until_all_were_seen()
    {
        await using var rig = await Rig.StartAsync(new() { GeneratedModels = 400 });
        var seen = new List<string>();

        for (var next = "/api/v1/models?limit=100&sort=newest"; next is not null;)
        {
            var page = await rig.GetAsync(next);
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()!));
            Assert.Equal(434, page.GetProperty("total_count").GetInt32());
            next = page.GetProperty("links").GetProperty("next").GetString();
        }

        Assert.Equal(434, seen.Distinct().Count());
        Assert.Equal(434, seen.Count);
    }

    [Fact]
    public async Task Made_up_models_are_the_same_each_time()
    {
        await using var one = await Rig.StartAsync(new() { GeneratedModels = 50 });
        await using var other = await Rig.StartAsync(new() { GeneratedModels = 50 });

        Assert.Equal(await one.Client.GetStringAsync("/api/v1/models"), await other.Client.GetStringAsync("/api/v1/models"));
    }

    [Fact]
    public async Task One_model_and_its_endpoints_are_found_by_id_and_by_canonical_slug()
    {
        await using var rig = await Rig.StartAsync();

        var model = (await rig.GetAsync("/api/v1/model/openai/gpt-4o")).GetProperty("data");
        var endpoints = (await rig.GetAsync(model.GetProperty("links").GetProperty("details").GetString()!)).GetProperty("data");
        rig.Client.DefaultRequestHeaders.Authorization = null;
        var withoutKey = (await rig.GetAsync("/api/v1/models/openai/gpt-4o/endpoints")).GetProperty("data").GetProperty("endpoints")[0];

        Assert.Equal("openai/gpt-4o", endpoints.GetProperty("id").GetString());
        var endpoint = endpoints.GetProperty("endpoints")[0];
        Assert.Equal(("OpenAI", "openai", 0), (endpoint.GetProperty("provider_name").GetString(), endpoint.GetProperty("tag").GetString(), endpoint.GetProperty("status").GetInt32()));
        Assert.True(endpoint.GetProperty("supports_implicit_caching").GetBoolean());
        Assert.Equal(420, endpoint.GetProperty("latency_last_30m").GetProperty("p50").GetInt32());
        Assert.Equal(JsonValueKind.Null, withoutKey.GetProperty("latency_last_30m").ValueKind);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Client.GetAsync("/api/v1/models/nobody/nothing/endpoints")).StatusCode);
    }

    [Fact]
    public async Task Providers_are_named_with_their_slugs() =>
        Assert.Contains("google-ai-studio", (await (await Rig.StartAsync()).GetAsync("/api/v1/providers")).GetProperty("data").EnumerateArray().Select(p => p.GetProperty("slug").GetString()));

    [Fact]
    public async Task A_price_goes_up_a_model_goes_and_another_comes_while_it_runs()
    {
        await using var rig = await Rig.StartAsync();

        await rig.SendAsync(HttpMethod.Patch, "/emulator/models/openai/gpt-4o", """{"pricing":{"prompt":"0.00001"},"expiration_date":"2027-03-01"}""");
        await rig.SendAsync(HttpMethod.Delete, "/emulator/models/openai/gpt-3.5-turbo", "");
        await rig.SendAsync(HttpMethod.Patch, "/emulator/models/acme/one", """{"context_length":1000,"pricing":{"prompt":"0.000001","completion":"0.000002"}}""");
        await rig.SendAsync(HttpMethod.Patch, "/emulator/models/acme/two", """{"context_length":1000}""", status: 400);
        await rig.SendAsync(HttpMethod.Patch, "/emulator/models/openai/gpt-4o", """{"price":1}""", status: 400);
        await rig.SendAsync(HttpMethod.Delete, "/emulator/models/nobody/nothing", "", status: 404);

        var models = (await rig.GetAsync("/api/v1/models")).GetProperty("data").EnumerateArray().ToDictionary(m => m.GetProperty("id").GetString()!);
        Assert.Equal(("0.00001", "0.00001"), (Price(models["openai/gpt-4o"], "prompt"), Price(models["openai/gpt-4o"], "completion")));
        Assert.Equal("2027-03-01", models["openai/gpt-4o"].GetProperty("expiration_date").GetString());
        Assert.DoesNotContain("openai/gpt-3.5-turbo", models.Keys);
        Assert.Equal("0.000002", Price(models["acme/one"], "completion"));
    }

    [Theory]
    [InlineData("garbage", true)]
    [InlineData("malformed-frame", true)]
    [InlineData("cut-end", true)]
    [InlineData("html-200", true)]
    [InlineData("empty", true)]
    [InlineData("cut-close", false)]
    [InlineData("cut-reset", false)]
    public async Task The_list_can_come_as_garbage_or_by_half(string fault, bool arrives)
    {
        await using var rig = await Rig.StartAsync();
        rig.Emulator.Faults.Add(new(fault) { Match = new() { Path = "/models" }, Times = 1 });

        if (arrives)
        {
            var text = await rig.Client.GetStringAsync("/api/v1/models");
            Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(text));
        }
        else await Assert.ThrowsAsync<HttpRequestException>(() => rig.Client.GetStringAsync("/api/v1/models"));

        Assert.Equal(34, (await rig.GetAsync("/api/v1/models")).GetProperty("total_count").GetInt32());
    }

    [Fact]
    public async Task The_models_of_faults_are_listed_when_they_are_wanted()
    {
        await using var rig = await Rig.StartAsync(new() { ListsFaultModels = true });

        var list = (await rig.GetAsync("/api/v1/models?q=emulator/fault-")).GetProperty("data");

        Assert.Contains("emulator/fault-429-provider", list.EnumerateArray().Select(m => m.GetProperty("id").GetString()));
        Assert.Equal(0.00000015m, decimal.Parse(Price(list[0], "prompt"), CultureInfo.InvariantCulture));
    }

    static string Price(JsonElement model, string name) => model.GetProperty("pricing").GetProperty(name).GetString()!;
}
