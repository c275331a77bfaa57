using Routing.Catalog;

namespace Routing.Tests.Catalog;

public sealed class PriceFormulaTests
{
    static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    static readonly ModelPrice Sonnet = new(0.000003m, 0.000015m, CacheReadUsd: 0.0000003m, CacheWriteUsd: 0.00000375m, CacheWrite1hUsd: 0.000006m)
    {
        Overrides = [new PriceOverride(200_000, null, null, 0.000006m, 0.0000225m, CacheReadUsd: 0.0000006m)],
    };

    [Theory]
    [InlineData(1000, 500, 0, 0, 0, 0, "0.0105")] // 1000·3 + 500·15 millionths
    [InlineData(1000, 500, 400, 0, 0, 0, "0.00942")] // 600·3 + 400·0.3 + 500·15: cached tokens are not counted twice
    [InlineData(1000, 0, 400, 300, 200, 0, "0.002745")] // 100·3 + 400·0.3 + 300·3.75 + 200·6
    [InlineData(200_000, 0, 0, 0, 0, 0, "0.6")] // not more than 200,000
    [InlineData(200_001, 0, 0, 0, 0, 0, "1.200006")] // all of it at the price for long inputs
    [InlineData(300_000, 10, 300_000, 0, 0, 0, "0.180225")]
    [InlineData(0, 100, 0, 0, 0, 90, "0.0015")] // no price of its own: reasoning is output
    public void A_call_costs_what_its_tokens_cost(int prompt, int completion, int cached, int write, int write1h, int reasoning, string usd) =>
        Assert.Equal(decimal.Parse(usd, null), PriceFormula.CostUsd(Sonnet, new TokenUsage(prompt, completion, cached, write, write1h, reasoning), Noon));

    [Fact]
    public void Fees_come_on_top_and_a_discount_takes_its_share_of_all()
    {
        var price = new ModelPrice(0.000001m, 0.000002m, RequestUsd: 0.01m, ImageUsd: 0.003m, SearchUsd: 0.005m, ReasoningUsd: 0.000004m, Discount: 0.25m);

        // (100·1 + 10·2 + 40·4) millionths + 0.01 + 2·0.003 + 3·0.005, three quarters of it
        Assert.Equal((0.00028m + 0.01m + 0.006m + 0.015m) * 0.75m, PriceFormula.CostUsd(price, new TokenUsage(100, 50, ReasoningTokens: 40, Images: 2, Searches: 3), Noon));
    }

    [Theory]
    [InlineData(50, 40, null, "0.0001")] // 50·2 millionths
    [InlineData(50, 40, 0.0, "0.0001")] // a price of nothing is none
    [InlineData(50, 40, 0.000004, "0.00018")] // 10·2 + 40·4: the one takes the place of the other
    [InlineData(50, 50, 0.000001, "0.00005")]
    [InlineData(50, 70, 0.000004, "0.00028")] // 70·4: counted apart
    [InlineData(50, 70, null, "0.00014")]
    public void No_token_of_reasoning_is_billed_twice(int completion, int reasoning, double? reasoningUsd, string usd)
    {
        var price = new ModelPrice(0.000001m, 0.000002m, ReasoningUsd: (decimal?)reasoningUsd);

        Assert.Equal(decimal.Parse(usd, null), PriceFormula.CostUsd(price, new TokenUsage(0, completion, ReasoningTokens: reasoning), Noon));
    }

    [Theory]
    [InlineData(990, 1050, "16:29:59", false)]
    [InlineData(990, 1050, "16:30:00", true)]
    [InlineData(990, 1050, "17:29:59", true)]
    [InlineData(990, 1050, "17:30:00", false)]
    [InlineData(990, 30, "16:29:00", false)]
    [InlineData(990, 30, "23:59:59", true)]
    [InlineData(990, 30, "00:00:00", true)]
    [InlineData(990, 30, "00:29:59", true)]
    [InlineData(990, 30, "00:30:00", false)]
    [InlineData(990, 0, "23:59:59", true)]
    [InlineData(990, 0, "00:00:00", false)]
    [InlineData(null, 30, "00:10:00", true)]
    [InlineData(null, 30, "00:30:00", false)]
    [InlineData(990, null, "23:00:00", true)]
    [InlineData(990, null, "03:00:00", false)]
    [InlineData(null, null, "03:00:00", true)]
    public void A_window_of_the_day_begins_with_its_start_and_ends_before_its_end(int? start, int? end, string time, bool applies)
    {
        var price = new ModelPrice(1, 1) { Overrides = [new PriceOverride(null, start, end, 2)] };
        var now = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero) + TimeSpan.Parse(time, null);

        Assert.Equal(applies ? 2 : 1, PriceFormula.CostUsd(price, new TokenUsage(1, 0), now));
        Assert.Equal(applies ? 2 : 1, PriceFormula.CostUsd(price, new TokenUsage(1, 0), now.ToOffset(TimeSpan.FromHours(5))));
    }

    [Fact]
    public void Of_overrides_that_apply_the_last_that_names_a_price_wins()
    {
        var price = new ModelPrice(1, 1) { Overrides = [new PriceOverride(0, null, null, 2, 2), new PriceOverride(0, null, null, 3), new PriceOverride(100, null, null, 9, 9)] };

        Assert.Equal(3 * 10 + 2 * 5, PriceFormula.CostUsd(price, new TokenUsage(10, 5), Noon));
    }

    [Fact]
    public void At_most_it_costs_the_dearest_of_all_its_prices()
    {
        // 10 bytes and what nobody sent at 1-hour cache writes, which are dearer than long inputs; output as for long inputs; no discount.
        var price = Sonnet with { RequestUsd = 0.5m, Discount = 0.9m };

        Assert.Equal((10 + PriceFormula.ExtraTokens) * 0.000006m + 100 * 0.0000225m + 0.5m, PriceFormula.MostUsd(price, 10, 100));
    }

    [Theory]
    [InlineData(long.MaxValue, 0)]
    [InlineData(long.MaxValue - PriceFormula.ExtraTokens + 1, 0)]
    [InlineData(0, long.MaxValue)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void However_much_is_sent_the_most_is_a_sum_and_not_what_is_left_of_it(long bytes, long output)
    {
        var price = new ModelPrice(0.5m, 0.25m);

        Assert.Equal(((decimal)bytes + PriceFormula.ExtraTokens) * 0.5m + output * 0.25m, PriceFormula.MostUsd(price, bytes, output));
    }

    [Theory]
    [InlineData(750, 32, 3.4)] // the thinnest speech codec; Gemini's tokens of a second and its price of sound against that of text
    [InlineData(750, 10, 16)] // OpenAI's
    [InlineData(32_000, 32, 16)] // plain samples
    public void Sound_weighs_so_many_bytes_that_they_cover_its_price_too(int bytesPerSecond, int tokensPerSecond, double timesText)
    {
        const int Seconds = 60;
        var price = new ModelPrice(0.000001m, 0);

        var most = PriceFormula.MostUsd(price, bytesPerSecond * Seconds / 3 * 4, 0); // as base64

        Assert.True(most > tokensPerSecond * Seconds * price.PromptUsd * (decimal)timesText);
    }

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(0, -1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 0, -1)]
    public void Nothing_is_sent_or_said_less_than_not_at_all(long bytes, long output, int images, int searches) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PriceFormula.MostUsd(Sonnet, bytes, output, images, searches));

    [Fact]
    public void No_call_costs_more_than_the_most_that_was_told_for_it()
    {
        const int Tries = 50_000;
        var random = new Random(20260301);
        for (var i = 0; i < Tries; i++)
        {
            var price = RandomPrice(random);
            long bytes = random.Next(0, 1_000_000), output = random.Next(0, 100_000);
            int images = random.Next(0, 4), searches = random.Next(0, 4);
            var most = PriceFormula.MostUsd(price, bytes, output, images, searches);
            var usage = RandomUsage(random, bytes, output, images, searches);
            var now = Noon.AddMinutes(random.Next(0, 24 * 60));

            var cost = PriceFormula.CostUsd(price, usage, now);

            Assert.True(cost <= most, $"try {i}: {usage} costs {cost}, more than {most}, at {PriceJson.Of(price)}, {now:t}");
            Assert.True(NanoUsd.Ceiling(cost) <= NanoUsd.Ceiling(most));
            // Nor by a provider that bills reasoning as output and besides.
            var twice = PriceFormula.CostUsd(price with { ReasoningUsd = null }, usage, now) + usage.ReasoningTokens * (price.ReasoningUsd ?? 0) * (1 - price.Discount);
            Assert.True(twice <= most, $"try {i}: {usage} costs {twice}, more than {most}, at {PriceJson.Of(price)}, {now:t}");
        }
    }

    static ModelPrice RandomPrice(Random random)
    {
        decimal Usd() => random.Next(0, 4) == 0 ? 0 : random.NextInt64(0, 100_000_000) / 1_000_000_000_000m;
        decimal? Perhaps() => random.Next(0, 2) == 0 ? null : Usd();
        int? Minute() => random.Next(0, 3) == 0 ? null : random.Next(0, 24 * 60);
        return new ModelPrice(Usd(), Usd(), Usd() * 1000, Usd() * 1000, Usd() * 1000, Perhaps(), Perhaps(), Perhaps(), Perhaps(), random.Next(0, 2) == 0 ? 0 : random.Next(0, 101) / 100m)
        {
            Overrides = [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => new PriceOverride(random.Next(0, 2) == 0 ? null : random.Next(0, 500_000), Minute(), Minute(),
                Perhaps(), Perhaps(), Perhaps() * 1000, Perhaps(), Perhaps(), Perhaps()))],
        };
    }

    /// <summary>Whatever a call of that size can have used, as a provider may tell it.</summary>
    static TokenUsage RandomUsage(Random random, long bytes, long output, int images, int searches)
    {
        long Part(long of) => of == 0 ? 0 : random.Next(0, 3) switch { 0 => 0, 1 => of, _ => random.NextInt64(0, of + 1) };
        int seen = (int)Part(images), searched = (int)Part(searches);
        var prompt = Part(bytes + PriceFormula.ExtraTokens + (long)seen * PriceFormula.TokensPerImage + (long)searched * PriceFormula.TokensPerSearch);
        var completion = Part(output);
        var cached = Part(prompt);
        var write = Part(prompt - cached);
        return new TokenUsage(prompt, completion, cached, write, Part(prompt - cached - write), Part(completion), seen, searched);
    }
}
