using System.Globalization;
using System.Text.Json;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>Errors that come in the place of an answer: status, shape, headers.</summary>
public sealed class ErrorFaultTests
{
    readonly ManualTime time = new();

    [Theory]
    [InlineData(400, "context_length_exceeded")]
    [InlineData(401, "authentication")]
    [InlineData(402, "payment_required")]
    [InlineData(403, "permission_denied")]
    [InlineData(404, "not_found")]
    [InlineData(408, "timeout")]
    [InlineData(413, "payload_too_large")]
    [InlineData(422, "unprocessable")]
    [InlineData(429, "rate_limit_exceeded")]
    [InlineData(500, "server")]
    [InlineData(502, "provider_unavailable")]
    [InlineData(503, "provider_overloaded")]
    [InlineData(504, "timeout")]
    [InlineData(524, "timeout")]
    [InlineData(529, "provider_overloaded")]
    public async Task Each_status_comes_in_both_shapes_even_when_a_stream_was_wanted(int status, string type)
    {
        await using var rig = await Rig.StartAsync();

        var a = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask($"emulator/fault-{status}", more: new { stream = true })), status)).GetProperty("error");
        var b = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask($"openai/gpt-4o:fault-{status}-b")), status)).GetProperty("error");

        Assert.Equal((status, type), (a.GetProperty("code").GetInt32(), a.GetProperty("metadata").GetProperty("error_type").GetString()));
        Assert.Equal((status, type), (b.GetProperty("http_status").GetInt32(), b.GetProperty("error_type").GetString()));
        Assert.Equal(status, b.GetProperty("metadata").GetProperty("previous_errors")[0].GetProperty("status").GetInt32());
        Assert.False(b.TryGetProperty("code", out _));
        Assert.Equal((2L, 0m), (rig.Emulator.Ledger.Failed, rig.Emulator.Ledger.TotalUsd));
    }

    [Fact]
    public async Task The_platforms_own_limit_has_its_headers_and_a_providers_limit_has_its_code()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time });

        using var platform = await rig.ChatAsync(Rig.Ask("emulator/fault-429"));
        using var provider = await rig.ChatAsync(Rig.Ask("emulator/fault-429-provider"));

        Assert.Equal(("20", "0"), (Assert.Single(platform.Headers.GetValues("X-RateLimit-Limit")), Assert.Single(platform.Headers.GetValues("X-RateLimit-Remaining"))));
        Assert.Equal(time.GetUtcNow().AddMinutes(1).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), Assert.Single(platform.Headers.GetValues("X-RateLimit-Reset")));
        Assert.Equal(TimeSpan.FromSeconds(1), platform.Headers.RetryAfter!.Delta);
        Assert.False(provider.Headers.Contains("X-RateLimit-Limit"));
        var error = (await Rig.JsonAsync(provider, 429)).GetProperty("error");
        Assert.Equal("rate_limit_exceeded", error.GetProperty("metadata").GetProperty("provider_code").GetString());
        Assert.Equal(("capacity_exhausted", true), (error.GetProperty("availability").GetProperty("code").GetString(), error.GetProperty("availability").GetProperty("retryable").GetBoolean()));
    }

    [Theory]
    [InlineData("429-date")]
    [InlineData("503-date")]
    public async Task Retry_After_can_be_a_date_and_as_long_as_one_wants(string fault)
    {
        await using var rig = await Rig.StartAsync(new() { Time = time });
        rig.Emulator.Faults.Add(new(fault) { RetryAfterSeconds = 90 });

        using var response = await rig.ChatAsync(Rig.Ask("openai/gpt-4o"));

        Assert.Equal(time.GetUtcNow().AddSeconds(90), response.Headers.RetryAfter!.Date);
    }

    [Fact]
    public async Task Gone_models_name_their_successors_moderation_its_reasons_and_masked_errors_nothing()
    {
        await using var rig = await Rig.StartAsync();

        var gone = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("emulator/fault-404-b")), 404)).GetProperty("error").GetProperty("availability");
        var moderated = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("emulator/fault-403")), 403)).GetProperty("error").GetProperty("metadata");
        var masked = (await Rig.JsonAsync(await rig.ChatAsync(Rig.Ask("emulator/fault-500")), 500)).GetProperty("error").GetProperty("metadata");

        Assert.Equal(("model_deprecated", false, "openai/gpt-4o-mini"), (gone.GetProperty("code").GetString(), gone.GetProperty("retryable").GetBoolean(), gone.GetProperty("fallback_models")[0].GetString()));
        Assert.Equal(("violence", "what was asked"), (moderated.GetProperty("reasons")[0].GetString(), moderated.GetProperty("flagged_input").GetString()));
        Assert.False(masked.TryGetProperty("provider_code", out _));
    }

    [Theory]
    [InlineData("html", 502)]
    [InlineData("html-200", 200)]
    public async Task A_page_can_come_instead(string fault, int status)
    {
        await using var rig = await Rig.StartAsync();

        using var response = await rig.ChatAsync(Rig.Ask($"emulator/fault-{fault}"));

        Assert.Equal((status, "text/html"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.StartsWith("<!DOCTYPE html>", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0m, rig.Emulator.Ledger.TotalUsd);
    }

    [Fact]
    public async Task A_clock_can_be_off_in_the_header_and_in_the_answer()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time });

        using var response = await rig.ChatAsync(Rig.Ask("emulator/fault-clock-off"));

        var yesterday = time.GetUtcNow().AddDays(-1);
        Assert.Equal(yesterday, response.Headers.Date);
        Assert.Equal(yesterday.ToUnixTimeSeconds(), (await Rig.JsonAsync(response)).GetProperty("created").GetInt64());
    }

    [Fact]
    public async Task A_generation_can_be_late()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time });
        var id = (await rig.AnswerAsync(Rig.Ask("emulator/fault-generation-late"))).GetProperty("id").GetString();

        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(404, (int)(await rig.Client.GetAsync($"/api/v1/generation?id={id}")).StatusCode);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(id, (await rig.GetAsync($"/api/v1/generation?id={id}")).GetProperty("data").GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("error-choice")]
    [InlineData("error-mid")]
    public async Task Status_200_can_hold_an_error_in_its_choice_with_half_an_answer(string fault)
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = new string('x', 400) }] });

        var answer = await rig.AnswerAsync(Rig.Ask($"openai/gpt-4o:fault-{fault}"));

        var choice = answer.GetProperty("choices")[0];
        Assert.Equal(("error", 502), (choice.GetProperty("finish_reason").GetString(), choice.GetProperty("error").GetProperty("code").GetInt32()));
        Assert.Equal(48, choice.GetProperty("message").GetProperty("content").GetString()!.Length); // three frames of sixteen bytes
        Assert.Equal(0m, answer.GetProperty("usage").GetProperty("cost").GetDecimal());
        Assert.Equal((0m, 12), (rig.Emulator.Ledger.TotalUsd, rig.Emulator.Ledger.Entries[0].Outcome!.Tokens.Completion));
    }

    [Fact]
    public async Task Status_200_can_hold_nothing_but_an_error()
    {
        await using var rig = await Rig.StartAsync();
        rig.Emulator.Faults.Add(new("error-top") { Status = 429 });

        var answer = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));

        Assert.Equal(429, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.False(answer.TryGetProperty("choices", out _));
    }

    [Fact]
    public async Task Usage_and_cost_can_be_missing_and_are_billed_all_the_same()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "done", Usage = new(Prompt: 0, Completion: 10) }] });

        var noUsage = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o:fault-usage-missing"));
        var noCost = await rig.AnswerAsync(Rig.Ask("openai/gpt-4o:fault-cost-missing"));

        Assert.False(noUsage.TryGetProperty("usage", out _));
        Assert.Equal(10, noCost.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.False(noCost.GetProperty("usage").TryGetProperty("cost", out _));
        Assert.Equal(2 * 10 * 0.00001m, rig.Emulator.Ledger.TotalUsd);
    }

    [Fact]
    public async Task A_json_body_can_have_blank_lines_before_it()
    {
        await using var rig = await Rig.StartAsync();

        using var response = await rig.ChatAsync(Rig.Ask("emulator/fault-padding"));
        var text = await response.Content.ReadAsStringAsync();

        Assert.StartsWith("\n         \n", text, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Object, Rig.Parse(text).ValueKind);
    }
}
