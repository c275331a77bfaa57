using System.Text;
using Routing.Catalog;
using Support;

namespace Routing.Tests.Catalog;

public sealed class ReadModelListTests
{
    [Fact]
    public void A_model_of_OpenRouter_is_read_with_all_that_matters()
    {
        const string Pricing = """
            {"prompt":"0.000003","completion":"1.5e-5","request":"0.01","image":"0.0048","web_search":"0.01","internal_reasoning":"0","input_cache_read":"0.0000003",
            "input_cache_write":"0.00000375","input_cache_write_1h":"0.000006","discount":0.25,
            "overrides":[{"min_prompt_tokens":200000,"prompt":"0.000006","completion":"0.0000225"},{"utc_start":1630,"utc_end":"0030","prompt":"0.000001"}]}
            """;
        var model = Single($$$"""
            {"id":"~anthropic/claude-sonnet-latest","canonical_slug":"anthropic/claude-4","name":"Claude","created":1700000000,"context_length":200000,
            "architecture":{"modality":"text+image->text","input_modalities":["text","image","file"],"output_modalities":["text"]},"pricing":{{{Pricing}}},
            "top_provider":{"context_length":180000,"max_completion_tokens":64000,"is_moderated":false},"supported_parameters":["tools","reasoning","tools"],
            "expiration_date":"2027-01-31","links":{"details":"/x"}}
            """);

        Assert.Equal(("~anthropic/claude-sonnet-latest", "anthropic/claude-4", "Claude"), (model.Slug, model.CanonicalSlug, model.Name));
        Assert.Equal((180_000L, 64_000L), (model.ContextTokens, model.MaxOutputTokens)); // the smaller context, which every route has
        Assert.Equal(["file", "image", "text"], model.InputModalities);
        Assert.Equal(["reasoning", "tools"], model.Parameters);
        Assert.Equal(new DateTimeOffset(2027, 1, 31, 0, 0, 0, TimeSpan.Zero), model.ExpiresAt);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), model.ListedAt);
        Assert.Equal("""
            {"prompt_usd":0.000003,"completion_usd":0.000015,"request_usd":0.01,"image_usd":0.0048,"search_usd":0.01,"cache_read_usd":0.0000003,"cache_write_usd":0.00000375,"cache_write_1h_usd":0.000006,"reasoning_usd":0,"discount":0.25,"overrides":[{"min_prompt_tokens":200000,"prompt_usd":0.000006,"completion_usd":0.0000225},{"utc_start_minute":990,"utc_end_minute":30,"prompt_usd":0.000001}]}
            """, PriceJson.Of(model.Price!).ToJsonString());
    }

    [Fact]
    public void A_server_that_speaks_OpenAIs_wire_lists_models_without_prices()
    {
        var listed = Read("""{"object":"list","data":[{"id":"llama3.2:3b","object":"model","created":1721260800,"owned_by":"library"},{"id":"qwen","max_model_len":32768}]}""", mayBeFree: false);

        Assert.Equal([("llama3.2:3b", null, null), ("qwen", 32_768, null)], listed.Models.Select(m => (m.Slug, m.ContextTokens, m.Price)));
        Assert.Equal(["text"], listed.Models[0].InputModalities);
    }

    [Theory]
    [InlineData("""{"prompt":"-1","completion":"-1"}""")]
    [InlineData("""{"prompt":"0.1","completion":"-0.1"}""")]
    [InlineData("""{"prompt":"0.1"}""")]
    [InlineData("""{"completion":"0.1"}""")]
    [InlineData("""{"prompt":"","completion":"0.1"}""")]
    [InlineData("""{"prompt":null,"completion":"0.1"}""")]
    [InlineData("""{"prompt":"free","completion":"0.1"}""")]
    [InlineData("""{"prompt":"NaN","completion":"0.1"}""")]
    [InlineData("""{"prompt":"1e99","completion":"0.1"}""")]
    [InlineData("""{"prompt":"10001","completion":"0.1"}""")]
    [InlineData("""{"prompt":{"usd":"0.1"},"completion":"0.1"}""")]
    [InlineData("""{"prompt":true,"completion":"0.1"}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","request":"-1"}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","input_cache_read":"?"}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":{}}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":[1]}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":[{"prompt":"-1"}]}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":[{"utc_start":1261,"prompt":"1"}]}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":[{"utc_end":2500,"prompt":"1"}]}""")]
    [InlineData("""{"prompt":"0.1","completion":"0.1","overrides":[{"min_prompt_tokens":-5,"prompt":"1"}]}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"0.1\"")]
    public void A_price_that_cannot_be_relied_on_is_not_known(string pricing) => Assert.Null(Single($$"""{"id":"a","pricing":{{pricing}}}""").Price);

    [Theory]
    [InlineData("\"0.00000015\"", "0.00000015")]
    [InlineData("1.5e-7", "0.00000015")]
    [InlineData("\"0.10\"", "0.1")]
    [InlineData("\"0.0000000000001\"", "0.000000000001")] // finer than a column holds: up, never down
    [InlineData("\"0.0000001234567891\"", "0.000000123457")]
    [InlineData("\"1e-60\"", "0.000000000001")] // finer than decimal holds, and no zero
    [InlineData("\"0\"", "0")]
    [InlineData("\"0e5\"", "0")]
    public void A_price_is_exact_and_never_less_than_it_was_told(string prompt, string usd) =>
        Assert.Equal(decimal.Parse(usd, null), Single($$$"""{"id":"a","pricing":{"prompt":{{{prompt}}},"completion":"1"}}""").Price!.PromptUsd);

    [Theory]
    [InlineData("0.5", "0.5")]
    [InlineData("\"0.5\"", "0.5")]
    [InlineData("1.5", "0")]
    [InlineData("-0.5", "0")]
    [InlineData("\"much\"", "0")]
    [InlineData("0.999999999", "0.99999999")]
    public void A_discount_that_is_no_share_is_none(string discount, string share) =>
        Assert.Equal(decimal.Parse(share, null), Single($$$"""{"id":"a","pricing":{"prompt":"1","completion":"1","discount":{{{discount}}}}}""").Price!.Discount);

    [Fact]
    public void A_price_of_zero_counts_where_prices_are_told_and_not_where_none_are()
    {
        const string Free = """{"data":[{"id":"a:free","pricing":{"prompt":"0","completion":"0"}}]}""";

        Assert.Equal(0, Assert.Single(Read(Free, mayBeFree: true).Models).Price!.PromptUsd);
        Assert.Null(Assert.Single(Read(Free, mayBeFree: false).Models).Price);
    }

    [Theory]
    [InlineData("7", null, "no id")]
    [InlineData("{}", null, "no id")]
    [InlineData("""{"id":12}""", null, "no id")]
    [InlineData("""{"id":""}""", null, "0 characters")]
    [InlineData("""{"id":"a b"}""", null, "characters that no id has")]
    [InlineData("""{"id":"a\u0000b"}""", null, "characters that no id has")]
    [InlineData("""{"id":"\ud800"}""", null, "another form")]
    [InlineData("""{"id":"good/one"}""", "good/one", "listed twice")]
    public void A_bad_item_is_left_out_and_told(string item, string? slug, string reason)
    {
        var listed = Read(ProviderServer.List(ProviderServer.Model("good/one"), item, ProviderServer.Model("good/two")));

        Assert.Equal(["good/one", "good/two"], listed.Models.Select(m => m.Slug));
        var leftOut = Assert.Single(listed.LeftOut);
        Assert.Equal((1, slug), (leftOut.Position, leftOut.Slug));
        Assert.Contains(reason, leftOut.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id":"a","name":7,"context_length":"many","supported_parameters":{"tools":true},"architecture":[],"top_provider":null,"created":"yesterday","expiration_date":5}""")]
    [InlineData("""{"id":"a","context_length":-5,"supported_parameters":[1,null,"\u0000"],"architecture":{"input_modalities":"text"},"top_provider":7,"created":99999999999999}""")]
    [InlineData("""{"id":"a","name":"","context_length":1e40,"created":-1,"expiration_date":"soon"}""")]
    public void What_is_of_another_form_in_a_model_is_not_known(string item)
    {
        var model = Single(item);

        Assert.Equal(("a", "a", null, null), (model.Slug, model.Name, model.ContextTokens, model.MaxOutputTokens));
        Assert.Equal((null, null, null), (model.ListedAt, model.ExpiresAt, model.Price));
        Assert.Empty(model.Parameters);
        Assert.Equal(["text"], model.InputModalities);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("""{"data":[{"id":"a"},{"id":"b""", "no JSON")]
    [InlineData("<!doctype html><html>", "web page")]
    [InlineData(" \n<html>", "web page")]
    [InlineData("{}", "no list")]
    [InlineData("""{"data":{}}""", "no list")]
    [InlineData("""{"error":{"code":500}}""", "no list")]
    [InlineData("true", "no list")]
    [InlineData("[1,2]", "none of the 2")]
    public void An_answer_that_is_no_list_of_models_counts_for_nothing(string answer, string reason) =>
        Assert.Contains(reason, Assert.IsType<ModelListing.Unreadable>(ReadModelList.Read(Encoding.UTF8.GetBytes(answer), true)).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_list_without_end_counts_for_nothing()
    {
        var huge = ProviderServer.List([.. Enumerable.Range(0, ReadModelList.MostModels + 1).Select(i => $$"""{"id":"m{{i}}"}""")]);

        Assert.IsType<ModelListing.Unreadable>(ReadModelList.Read(Encoding.UTF8.GetBytes(huge), true));
    }

    [Fact]
    public void Names_are_cut_and_cleaned()
    {
        var model = Single($$"""{"id":"a","name":"\u001b[31m\u0000{{new string('n', 400)}}😀"}""");

        Assert.Equal("[31m" + new string('n', ReadModelList.MostNameLength - 4), model.Name);
    }

    [Fact]
    public void No_byte_that_is_changed_makes_it_throw()
    {
        var whole = Encoding.UTF8.GetBytes(ProviderServer.List(ProviderServer.Model("a/one", more: ""","pricing2":{"overrides":[{"min_prompt_tokens":5}]}"""), ProviderServer.Model("a/two")));
        var random = new Random(42);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = whole[..(random.Next(0, 4) == 0 ? random.Next(0, whole.Length) : whole.Length)];
            for (var n = random.Next(1, 4); n > 0 && bytes.Length > 0; n--) bytes[random.Next(0, bytes.Length)] = (byte)random.Next(0, 256);

            var listing = ReadModelList.Read(bytes, true);

            if (listing is ModelListing.Listed listed) Assert.All(listed.Models, m => Assert.True(m.Price is null or { PromptUsd: >= 0, CompletionUsd: >= 0 }));
        }
    }

    static ListedModel Single(string item) => Assert.Single(Read($$"""{"data":[{{item}}]}""").Models);

    static ModelListing.Listed Read(string answer, bool mayBeFree = true) => Assert.IsType<ModelListing.Listed>(ReadModelList.Read(Encoding.UTF8.GetBytes(answer), mayBeFree));
}
