using System.Net;
using System.Text.Json;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>What the service says of keys, credits, days and single calls.</summary>
public sealed class AccountTests
{
    static readonly IReadOnlyList<Emulators.OpenRouter.Answers.Rule> TenCents = [new() { Answer = "done", Usage = new(Prompt: 0, Completion: 10_000) }]; // of gpt-4o: 10,000 · $0.00001

    readonly ManualTime time = new(); // Sunday, 1 March 2026, noon

    [Fact]
    public async Task A_key_knows_what_was_spent_today_this_week_and_this_month()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time, Rules = TenCents, Keys = [new(Rig.Key) { Label = "mine", LimitUsd = 1, LimitReset = "monthly" }] });

        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o")); // Sunday: the last day of its week
        time.Advance(TimeSpan.FromDays(1));
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));
        var monday = (await rig.GetAsync("/api/v1/key")).GetProperty("data");
        time.Advance(TimeSpan.FromDays(31));
        var april = (await rig.GetAsync("/api/v1/key")).GetProperty("data");

        Assert.Equal(("mine", 1m, "monthly", 0.7m), (monday.GetProperty("label").GetString(), Money(monday, "limit"), monday.GetProperty("limit_reset").GetString(), Money(monday, "limit_remaining")));
        Assert.Equal((0.3m, 0.2m, 0.2m, 0.3m), (Money(monday, "usage"), Money(monday, "usage_daily"), Money(monday, "usage_weekly"), Money(monday, "usage_monthly")));
        Assert.Equal((0.3m, 0m, 0m, 1m), (Money(april, "usage"), Money(april, "usage_daily"), Money(april, "usage_monthly"), Money(april, "limit_remaining")));
    }

    [Fact]
    public async Task Credits_and_activity_are_for_management_keys()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time, Rules = TenCents, CreditsUsd = 5, Keys = [new(Rig.Key), new("sk-or-small") { IsManagement = false }] });
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));

        var credits = (await rig.GetAsync("/api/v1/credits")).GetProperty("data");
        rig.Client.DefaultRequestHeaders.Authorization = new("Bearer", "sk-or-small");

        Assert.Equal((5m, 0.1m), (Money(credits, "total_credits"), Money(credits, "total_usage")));
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.Client.GetAsync("/api/v1/credits")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.Client.GetAsync("/api/v1/activity")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await rig.Client.GetAsync("/api/v1/key")).StatusCode);
    }

    [Fact]
    public async Task Activity_adds_up_each_day_that_is_over()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time, Rules = TenCents });
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));
        await rig.AnswerAsync(Rig.Ask("openai/gpt-3.5-turbo"));

        var today = (await rig.GetAsync("/api/v1/activity")).GetProperty("data");
        time.Advance(TimeSpan.FromDays(1));
        var over = (await rig.GetAsync("/api/v1/activity")).GetProperty("data");
        var thatDay = (await rig.GetAsync("/api/v1/activity?date=2026-03-01")).GetProperty("data");

        Assert.Equal(0, today.GetArrayLength());
        Assert.Equal(2, over.GetArrayLength());
        Assert.Equal(2, thatDay.GetArrayLength());
        var row = over.EnumerateArray().Single(r => r.GetProperty("model").GetString() == "openai/gpt-4o");
        Assert.Equal(("2026-03-01", "OpenAI", 2, 20_000), (row.GetProperty("date").GetString(), row.GetProperty("provider_name").GetString(), row.GetProperty("requests").GetInt32(), row.GetProperty("completion_tokens").GetInt32()));
        Assert.Equal(0.2m, Money(row, "usage"));
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Client.GetAsync("/api/v1/activity?date=2026-03-02")).StatusCode);
    }

    [Fact]
    public async Task A_generation_is_unknown_for_a_moment_and_then_says_what_it_cost()
    {
        await using var rig = await Rig.StartAsync(new() { Time = time, GenerationAppearsAfter = TimeSpan.FromSeconds(3) });
        var answer = await rig.AnswerAsync(Rig.Ask("deepseek/deepseek-r1", more: new { session_id = "session 7" }));
        var path = $"/api/v1/generation?id={answer.GetProperty("id").GetString()}";

        Assert.Equal(HttpStatusCode.NotFound, (await rig.Client.GetAsync(path)).StatusCode);
        time.Advance(TimeSpan.FromSeconds(3));
        var generation = (await rig.GetAsync(path)).GetProperty("data");

        var usage = answer.GetProperty("usage");
        Assert.Equal(usage.GetProperty("cost").GetDecimal(), Money(generation, "total_cost"));
        Assert.Equal(usage.GetProperty("completion_tokens").GetInt32(), generation.GetProperty("native_tokens_completion").GetInt32());
        Assert.Equal(256, generation.GetProperty("native_tokens_reasoning").GetInt32());
        Assert.Equal(("deepseek/deepseek-r1", "DeepSeek", "stop", "session 7"), (generation.GetProperty("model").GetString(), generation.GetProperty("provider_name").GetString(), generation.GetProperty("finish_reason").GetString(), generation.GetProperty("session_id").GetString()));
        Assert.False(generation.GetProperty("cancelled").GetBoolean());
        Assert.Equal(200, generation.GetProperty("provider_responses")[0].GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("")]
    [InlineData("?id=gen-1-00000000000000000000")]
    [InlineData("?id=gen-1-zzzzzzzzzzzzzzzzzzzz")]
    [InlineData("?id=nonsense")]
    public async Task A_generation_that_never_was_is_not_found(string query)
    {
        await using var rig = await Rig.StartAsync();

        Assert.Contains((int)(await rig.Client.GetAsync($"/api/v1/generation{query}")).StatusCode, new[] { 400, 404 });
    }

    static decimal? Money(JsonElement element, string name) => element.GetProperty(name).ValueKind == JsonValueKind.Null ? null : element.GetProperty(name).GetDecimal();
}
