using Emulators.OpenRouter;
using Routing.Calls;

namespace Routing.Tests.Calls;

public sealed class RoutedEmbeddingsTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    const string Model = "openai/text-embedding-3-small";

    readonly RawServer server = new();
    OpenRouterEmulator emulator = null!;

    [Fact]
    public async Task Vectors_come_in_the_order_of_the_texts_and_cost_what_was_billed()
    {
        await using var routed = Emulated();

        var vectors = await routed.Generator().GenerateAsync(["one", "two", "one"], new() { Dimensions = 8 });

        Assert.Equal((3, 8), (vectors.Count, vectors[0].Vector.Length));
        Assert.True(vectors[0].Vector.Span.SequenceEqual(vectors[2].Vector.Span) && !vectors[0].Vector.Span.SequenceEqual(vectors[1].Vector.Span));
        var bill = emulator.Ledger.Entries.Single().Outcome!;
        var call = await routed.CallAsync();
        Assert.Equal((bill.CostUsd, false, bill.Tokens.Prompt), (call.CostUsd, call.IsEstimated, (int)vectors.Usage!.InputTokenCount!));
        Assert.Equal((Model, 1, bill.CostUsd), (RoutedAnswer.Of(vectors.AdditionalProperties)!.Model, RoutedAnswer.Of(vectors.AdditionalProperties)!.Attempts, (decimal)vectors.AdditionalProperties!["cost_usd"]!));
        Assert.Contains("embeddings", routed.Requests.Single().Needs);
        Assert.False(call.IsStreamed);
    }

    [Theory]
    [InlineData("502")]
    [InlineData("garbage")]
    [InlineData("cut-close")]
    public async Task Another_provider_of_the_same_model_stands_in_and_never_another_model(string fault)
    {
        emulator.Faults.Add(new(fault) { Times = 1 });
        await using var routed = Emulated().Models("openrouter:openai/text-embedding-3-large", $"spare:{Model}");

        Assert.Single(await routed.Generator().GenerateAsync(["one"]));

        Assert.Equal([("openrouter", Model, "failed"), ("spare", Model, "succeeded")], (await routed.CallsAsync()).Select(c => (c.Provider, c.Model, c.Outcome)));
    }

    [Fact]
    public async Task The_model_stays_once_it_was_chosen()
    {
        await using var routed = Emulated().Models("openrouter:openai/other");
        var generator = routed.Generator();
        await generator.GenerateAsync(["one"]);
        emulator.Faults.Add(new("502"));

        var failed = await Assert.ThrowsAsync<ChatFailedException>(() => generator.GenerateAsync(["two"]));

        Assert.Equal($"No model answered: openrouter/{Model}: provider_unavailable (502).", failed.Message);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":[{"index":7,"embedding":[1]}]}""")]
    [InlineData("""{"data":[{"index":0}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":"?"}]}""")]
    [InlineData("""{"data":[{"index":0,"embedding":[true]}]}""")]
    [InlineData("""{"data":[1]}""")]
    public async Task An_answer_without_the_vectors_is_malformed(string json)
    {
        server.On("m", x => x.JsonAsync(200, json));
        await using var routed = new Routed(field).Provider("p", server.Url).Models("p:m");

        Assert.Equal("malformed", (await Assert.ThrowsAsync<ChatFailedException>(() => routed.Generator().GenerateAsync(["one"]))).Kind);
        Assert.Equal("failed", (await routed.CallAsync()).Outcome);
    }

    [Fact]
    public async Task An_error_in_a_good_status_is_a_failure()
    {
        server.On("m", x => x.JsonAsync(200, """{"error":{"code":503,"message":"busy"}}"""));
        await using var routed = new Routed(field).Provider("p", server.Url).Models("p:m");

        Assert.Equal("provider_overloaded", (await Assert.ThrowsAsync<ChatFailedException>(() => routed.Generator().GenerateAsync(["one"]))).Kind);
    }

    [Fact]
    public async Task Who_leaves_lets_the_provider_go()
    {
        var reached = new TaskCompletionSource();
        server.On("m", async x =>
        {
            reached.SetResult();
            await x.UntilGoneAsync();
        });
        await using var routed = new Routed(field).Provider("p", server.Url).Models("p:m");
        using var caller = new CancellationTokenSource();

        var asked = routed.Generator().GenerateAsync(["one"], cancellationToken: caller.Token);
        await reached.Task;
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await server.Exchanges[0].Finished.WaitAsync(TimeSpan.FromSeconds(5));
        var left = await routed.CallAsync();
        Assert.Equal(("cancelled", true), (left.Outcome, left.IsEstimated));
    }

    [Fact]
    public async Task Nothing_is_asked_for_nothing()
    {
        await using var routed = Emulated();

        Assert.Empty(await routed.Generator().GenerateAsync([]));
        Assert.Empty(await routed.CallsAsync());
    }

    Routed Emulated() => new Routed(field).Provider("openrouter", emulator.BaseUrl).Provider("spare", emulator.BaseUrl).Model($"openrouter:{Model}", price: new(0.00000002m, 0));

    public async Task InitializeAsync() => emulator = await OpenRouterEmulator.StartAsync(new(), CancellationToken.None);

    public async Task DisposeAsync()
    {
        await emulator.DisposeAsync();
        await server.DisposeAsync();
    }
}
