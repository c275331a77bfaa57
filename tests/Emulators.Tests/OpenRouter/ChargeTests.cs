using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Catalog;

namespace Emulators.Tests.OpenRouter;

/// <summary>Known answers of the price formula, worked out by hand.</summary>
public sealed class ChargeTests
{
    static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Prompt_and_completion_have_their_prices() =>
        // 1,000 · $0.00000015 + 500 · $0.0000006
        Assert.Equal(0.00015m + 0.0003m, Charge.Of(Pricing.PerMillion(0.15m, 0.6m), new(1000, 500), Noon).CostUsd);

    [Fact]
    public void Cached_tokens_are_a_part_of_the_prompt_and_cost_what_reading_costs() =>
        // (1,000 − 600) · $0.0000025 + 600 · $0.00000125
        Assert.Equal(0.001m + 0.00075m, Charge.Of(Pricing.PerMillion(2.5m, 10m, read: 1.25m), new(1000, 0, Cached: 600), Noon).CostUsd);

    [Theory]
    [InlineData(false, "0.00555")] // (1,000 − 200 − 600) · $0.000003 + 200 · $0.0000003 + 600 · $0.00000375 + 176 · $0.000015
    [InlineData(true, "0.0069")] // the same with 600 · $0.000006
    public void Written_tokens_cost_by_how_long_they_are_kept(bool isHourLong, string expected) => Assert.Equal(decimal.Parse(expected, null),
        Charge.Of(Pricing.PerMillion(3m, 15m, read: 0.3m, write: 3.75m, write1h: 6m), new(1000, 176, Cached: 200, CacheWrite: 600, IsHourLong: isHourLong), Noon).CostUsd);

    [Fact]
    public void Reasoning_tokens_are_completion_tokens_and_are_not_billed_twice()
    {
        var used = new TokenCounts(0, 1000, Reasoning: 400);

        Assert.Equal(0.008m, Charge.Of(Pricing.PerMillion(2m, 8m), used, Noon).CostUsd); // 1,000 · $0.000008
        Assert.Equal(0.0048m + 0.0012m, Charge.Of(Pricing.PerMillion(2m, 8m) with { InternalReasoningUsd = 0.000003m }, used, Noon).CostUsd); // 600 · $0.000008 + 400 · $0.000003
        Assert.Equal(0.008m, Charge.Of(Pricing.PerMillion(2m, 8m) with { InternalReasoningUsd = 0 }, used, Noon).CostUsd);
        // More of them than completion tokens were counted apart.
        Assert.Equal(0.0036m, Charge.Of(Pricing.PerMillion(2m, 8m) with { InternalReasoningUsd = 0.000003m }, used with { Reasoning = 1200 }, Noon).CostUsd);
    }

    [Fact]
    public void Requests_images_and_searches_have_fees_of_their_own() =>
        // 100 · $0.000001 + $0.035 + 2 · $0.003613 + 3 · $0.01
        Assert.Equal(0.0001m + 0.035m + 0.007226m + 0.03m, Charge.Of(
            Pricing.PerMillion(1m, 1m) with { RequestUsd = 0.035m, ImageUsd = 0.003613m, WebSearchUsd = 0.01m }, new(100, 0, Images: 2, Searches: 3), Noon).CostUsd);

    [Fact]
    public void A_discount_is_taken_off_everything()
    {
        var charge = Charge.Of(Pricing.PerMillion(0.1m, 0.4m) with { RequestUsd = 0.001m, Discount = 0.25m }, new(1000, 1000), Noon);

        Assert.Equal((0.0001m + 0.0004m + 0.001m) * 0.75m, charge.CostUsd);
        Assert.Equal(charge.UpstreamUsd, charge.PromptUsd + charge.CompletionUsd);
    }

    [Theory]
    [InlineData(200_000, "0.2")] // as many as the threshold: $0.000001
    [InlineData(200_001, "0.400002")] // one more: $0.000002
    public void An_override_by_length_needs_strictly_more_tokens(int prompt, string expected) => Assert.Equal(decimal.Parse(expected, null), Charge.Of(
        Pricing.PerMillion(1m, 1m) with { Overrides = [new() { MinPromptTokens = 200_000, PromptUsd = 0.000002m }] }, new(prompt, 0), Noon).CostUsd);

    [Theory]
    [InlineData(1000, 1200, "11:59", true)]
    [InlineData(1000, 1200, "12:00", false)] // the end is outside
    [InlineData(1200, 1300, "12:00", true)] // the beginning is inside
    [InlineData(1630, 30, "16:29", false)]
    [InlineData(1630, 30, "16:30", true)] // past midnight
    [InlineData(1630, 30, "00:29", true)]
    [InlineData(1630, 30, "00:30", false)]
    public void An_override_by_time_holds_within_its_window(int start, int end, string clock, bool holds)
    {
        var pricing = Pricing.PerMillion(1m, 1m) with { Overrides = [new() { UtcStart = start, UtcEnd = end, PromptUsd = 0.0000005m }] };

        Assert.Equal(holds ? 0.00005m : 0.0001m, Charge.Of(pricing, new(100, 0), new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero) + TimeSpan.Parse(clock, null)).CostUsd);
    }

    [Fact]
    public void Of_several_overrides_that_apply_the_later_wins_for_each_price()
    {
        var pricing = Pricing.PerMillion(1m, 1m) with
        {
            Overrides = [new() { MinPromptTokens = 10, PromptUsd = 0.000002m, CompletionUsd = 0.000003m }, new() { UtcStart = 1100, UtcEnd = 1300, PromptUsd = 0.000004m }],
        };

        Assert.Equal(100 * 0.000004m + 10 * 0.000003m, Charge.Of(pricing, new(100, 10), Noon).CostUsd);
    }

    [Fact]
    public void On_the_customers_own_key_the_cost_is_the_fee_and_the_provider_takes_the_rest()
    {
        var charge = Charge.Of(Pricing.PerMillion(1m, 1m), new(1_000_000, 0), Noon, isByok: true);

        Assert.Equal((0.05m, 1m, true), (charge.CostUsd, charge.UpstreamUsd, charge.IsByok));
    }

    [Fact]
    public void Insured_tokens_and_images_are_free_but_not_the_fees() => Assert.Equal(0.035m + 0.01m, Charge.Of(
        Pricing.PerMillion(1m, 1m) with { RequestUsd = 0.035m, WebSearchUsd = 0.01m, ImageUsd = 1m }, new(1000, 1000, Images: 1, Searches: 1), Noon, isInsured: true).CostUsd);

    [Fact]
    public void No_digit_is_lost() =>
        // 1 · $0.0000000375 · 0.9: a fraction of a billionth stays
        Assert.Equal(0.00000003375m, Charge.Of(Pricing.PerMillion(0.0375m, 1m) with { Discount = 0.1m }, new(1, 0), Noon).CostUsd);
}
