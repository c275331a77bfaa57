using Microsoft.Extensions.AI;
using Npgsql;
using Routing.Calls;
using Routing.Catalog;
using Routing.Providers.Wire;
using Support;
using Support.Money;

namespace Routing.Tests.Calls;

/// <summary>What an answer cost, however it is told.</summary>
public sealed class SettlementTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    const string Content = """{"content":"Good"}""";

    readonly RawServer server = new();
    readonly ManualTime time = new();

    [Theory]
    [InlineData("finish|usage|done", 0.000016, false)]
    [InlineData("finish+usage|done", 0.000016, false)]
    [InlineData("finish|usage-choice|done", 0.000016, false)]
    [InlineData("finish|usage", 0.000016, false)] // no [DONE]
    [InlineData("usage|done", 0.000016, false)] // no finish
    [InlineData("finish|usage|usage2|done", 0.5, false)] // the later counts
    [InlineData("finish|usage|poor|done", 0.000016, false)] // unless it says less
    [InlineData("finish|byok|done", 19.95, false)]
    [InlineData("finish|poor|done", 0.000016, true)] // tokens without a cost: reckoned, and asked for
    [InlineData("finish|done", 0.01, true)] // nothing: all that was held
    [InlineData("finish", 0.01, true)]
    [InlineData("done", 0.01, true)]
    public async Task The_cost_is_what_was_told(string frames, double costUsd, bool isEstimated)
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync([Answers.Delta(Content), .. frames.Split('|').Select(Frame)]);
        });
        await using var routed = Manual().Models("p:a");

        var updates = await routed.StreamAsync();
        var whole = await routed.AskAsync();

        Assert.Equal(("Good", "Good"), (string.Concat(updates.Select(u => u.Text)), whole.Text));
        Assert.All(await routed.CallsAsync(), end => Assert.Equal(("succeeded", (decimal)costUsd, isEstimated), (end.Outcome, end.CostUsd, end.IsEstimated)));
        Assert.Equal((decimal)costUsd, RoutedAnswer.Of(whole.AdditionalProperties)!.CostUsd);
        if (frames.Contains("usage2", StringComparison.Ordinal)) Assert.Contains(routed.Log.Lines, l => l.StartsWith("7350 p told 2 times", StringComparison.Ordinal));
        Assert.Equal(isEstimated, routed.Log.Lines.Any(l => l.StartsWith("7351 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_caller_has_the_content_at_once_and_the_cost_is_waited_for_two_seconds()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Answers.Delta(Content), Answers.Finish("stop"));
            await x.UntilGoneAsync();
        });
        await using var routed = Manual().Models("p:a");
        await using var stream = routed.Client().GetStreamingResponseAsync("Why?").GetAsyncEnumerator();

        Assert.True(await stream.MoveNextAsync() && await stream.MoveNextAsync());
        Assert.Equal(ChatFinishReason.Stop, stream.Current.FinishReason);
        var last = stream.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(last.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.True(await last);
        Assert.Equal((0.01m, true), (RoutedAnswer.Of(stream.Current.AdditionalProperties)!.CostUsd, (await routed.CallAsync()).IsEstimated));
        Assert.False(await stream.MoveNextAsync());
        await server.Exchanges[0].Finished.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task An_answer_that_ended_in_an_error_bills_no_tokens_and_is_asked_for()
    {
        server.On("a", async x =>
        {
            await x.BeginAsync();
            await x.FramesAsync(Answers.Delta(Content), """{"error":{"code":502,"message":"x"},"choices":[{"delta":{},"finish_reason":"error"}]}""");
        });
        await using var routed = Manual().Model("p:a", price: new ModelPrice(1, 1, RequestUsd: 0.003m));

        await Assert.ThrowsAsync<ChatFailedException>(() => routed.AskAsync());

        var call = await routed.CallAsync();
        Assert.Equal((0.003m, true), (call.CostUsd, call.IsEstimated));
    }

    [Theory]
    [InlineData(WireKind.OpenRouter, false, false, null, null, false, "0", false)] // nothing left
    [InlineData(WireKind.OpenRouter, true, true, null, null, false, "0", false)] // refused
    [InlineData(WireKind.OpenRouter, true, false, null, null, false, "0.01", true)]
    [InlineData(WireKind.OpenRouter, true, false, "100:0", null, true, "0.002", true)] // no token and no reason: fees alone
    [InlineData(WireKind.OpenRouter, true, false, "100:0", "stop", true, "0.102", true)]
    [InlineData(WireKind.OpenRouter, true, false, "100:0", null, false, "0.102", true)] // it did not end by itself
    [InlineData(WireKind.Compatible, true, false, "100:10", "stop", true, "0.122", false)]
    [InlineData(WireKind.Compatible, true, false, "100:0", "error", true, "0.102", false)]
    [InlineData(WireKind.OpenRouter, true, false, "100:10=0.5", "stop", true, "0.5", false)]
    [InlineData(WireKind.OpenRouter, true, false, "100:0=0", "error", true, "0", false)]
    public void The_rules_of_cost_hold(WireKind kind, bool hasLeft, bool isRefused, string? usage, string? finish, bool isWhole, string costUsd, bool isEstimated)
    {
        var price = new ModelPrice(0.001m, 0.002m, RequestUsd: 0.002m);
        WireUsage? told = null;
        if (usage is not null)
        {
            var parts = usage.Split(':', '=');
            told = new WireUsage(new TokenUsage(Number(parts[0]), Number(parts[1])), true, parts.Length > 2 ? decimal.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture) : null, false, null);
        }

        var cost = CallCost.Of(kind, hasLeft, isRefused, told, finish, isWhole, new NanoUsd(10_000_000), 0, tokens => PriceFormula.CostUsd(price, tokens, time.GetUtcNow()));

        Assert.Equal(new CallCost(decimal.Parse(costUsd, System.Globalization.CultureInfo.InvariantCulture), isEstimated), cost);
    }

    [Fact]
    public async Task A_call_that_does_not_fit_says_less_and_is_refused_below_the_floor()
    {
        server.On("a", Answers.GoodAsync);
        var (much, little) = (await field.TenantWithAsync(0.0015m), await field.TenantWithAsync(0.0006m));
        await using var room = new Routed(field, tenant: much).Provider("p", server.Url).Model("p:a", maxTokens: 1_000, hold: new NanoUsd(2_100_000));
        await using var none = new Routed(field, time: time, breakers: new(), tenant: little).Provider("refused", server.Url).Model("refused:a", maxTokens: 1_000, hold: new NanoUsd(2_100_000));
        await none.LetTryAsync("refused", "a", time);

        await room.AskAsync();
        var refused = await Assert.ThrowsAsync<BudgetExceededException>(() => none.AskAsync());

        var call = await room.CallAsync();
        Assert.Equal((700, 0.0015m), (call.MaxTokens, call.HoldUsd));
        Assert.Contains("\"max_completion_tokens\":700", server.Exchanges[0].Body, StringComparison.Ordinal);
        Assert.Equal((2_100_000, 600_000), (refused.Refusal.Needed.Value, refused.Refusal.Left.Value));
        Assert.Equal($"The lifetime budget of tenant {little} is $0.0006: $0.00 is spent, $0.00 is held, and the call may cost $0.0021.", refused.Message);
        Assert.Single(server.Exchanges);
        Assert.False(await none.IsTriedAsync("refused", "a")); // the try is left to others
        Assert.Empty(await none.CallsAsync());
    }

    [Fact]
    public async Task A_cheaper_model_is_taken_when_the_first_does_not_fit()
    {
        server.On("b", Answers.GoodAsync);
        await using var routed = new Routed(field, tenant: await field.TenantWithAsync(0.0006m)).Provider("p", server.Url)
            .Model("p:a", hold: new NanoUsd(90_000_000)).Model("p:b", hold: new NanoUsd(500_000));

        Assert.Equal("Good", (await routed.AskAsync()).Text);

        Assert.Contains("p/a did not fit into a budget.", (await routed.CallAsync()).Reasons);
    }

    [Fact]
    public async Task Nothing_is_called_when_the_ledger_cannot_write()
    {
        var clock = new ManualTime();
        await using var cut = new Spender(new NpgsqlConnectionStringBuilder(field.Db.EngineConnectionString) { Host = "127.0.0.1", Port = 1 }.ConnectionString, time: clock);
        await using var routed = new Routed(field, time: time, breakers: new(), spender: cut).Provider("unheld", server.Url).Models("unheld:a", "unheld:b");
        await routed.LetTryAsync("unheld", "a", time);

        var asked = routed.AskAsync();
        clock.Advance(TimeSpan.FromMinutes(1));

        await Assert.ThrowsAsync<TimeoutException>(() => asked);
        Assert.Empty(server.Exchanges);
        Assert.False(await routed.IsTriedAsync("unheld", "a"));
    }

    static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    static string Frame(string name) => name switch
    {
        "finish" => Answers.Finish("stop"),
        "finish+usage" => """{"id":"gen-raw","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"cost":0.000016}}""",
        "usage" => Answers.Usage(),
        "usage2" => Answers.Usage("0.5"),
        "poor" => """{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3}}""",
        "byok" => """{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":3,"cost":0.95,"is_byok":true,"cost_details":{"upstream_inference_cost":19}}}""",
        "usage-choice" => """{"id":"gen-raw","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"cost":0.000016}}""",
        "done" => "[DONE]",
        _ => throw new ArgumentException(name),
    };

    Routed Manual() => new Routed(field, time: time).Provider("p", server.Url);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
