using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

public sealed class ReadRecordsTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly ManualTime time = new();

    public Task InitializeAsync() => db.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task What_was_seen_a_half_life_ago_counts_half()
    {
        using var record = new RecordPerformance(db.Source, time, Calls.Metrics());
        var now = time.GetUtcNow();
        for (var i = 0; i < 100; i++)
        {
            record.Add("p", "now", "normal", now, Calls.Succeeded(1000, 0.002m));
            record.Add("p", "then", "normal", now - TimeSpan.FromHours(6), Calls.Succeeded(1000, 0.002m));
            record.Add("p", "before", "normal", now - TimeSpan.FromHours(30), Calls.Succeeded());
        }
        await record.FlushAsync(CancellationToken.None);

        var records = await ReadAsync();

        var (fresh, old) = (records[("p", "now", "normal")], records[("p", "then", "normal")]);
        Assert.InRange(fresh.Requests, 99, 100);
        Assert.InRange(old.Requests, 48, 54);
        Assert.True(old.SuccessLow < fresh.SuccessLow); // the same share of fewer
        Assert.Equal((0.002m, 0.002m), (decimal.Round(fresh.CostUsd!.Value, 6), decimal.Round(old.CostUsd!.Value, 6)));
        Assert.InRange(fresh.LatencyP95!.Value.TotalMilliseconds, 920, 1080);
        Assert.False(records.ContainsKey(("p", "before", "normal"))); // four half-lives
    }

    [Fact]
    public async Task Neither_the_callers_faults_nor_callers_who_left_count_against_a_model()
    {
        using var record = new RecordPerformance(db.Source, time, Calls.Metrics());
        foreach (var end in new[] { Calls.Succeeded(), Calls.Succeeded(), Calls.Failed("invalid_request"), Calls.Failed("context_length_exceeded"), Calls.Cancelled(), Calls.Failed() })
            record.Add("p", "m", "normal", time.GetUtcNow(), end);
        await record.FlushAsync(CancellationToken.None);

        var seen = (await ReadAsync())[("p", "m", "normal")];

        Assert.Equal((2.0, 1.0, 6.0), (Math.Round(seen.Succeeded, 1), Math.Round(seen.Failed, 1), Math.Round(seen.Requests, 1)));
        Assert.Equal(Wilson.Low(seen.Succeeded, seen.Succeeded + seen.Failed), seen.SuccessLow);
        Assert.Null(seen.QualityLow);
    }

    [Fact]
    public async Task Verdicts_become_the_lower_end_of_quality()
    {
        using var record = new RecordPerformance(db.Source, time, Calls.Metrics());
        record.Add("openrouter", "a/small", "normal", time.GetUtcNow(), Calls.Succeeded());
        await record.FlushAsync(CancellationToken.None);
        for (var i = 0; i < 4; i++)
            await new GiveFeedback(db.Source, time).RunAsync(new NewFeedback(await db.AddSelectionAsync(new EnteredCall(time.GetUtcNow())), "user", i == 0 ? -1 : 1, null, "me"), CancellationToken.None);

        var seen = (await ReadAsync())[("openrouter", "a/small", "normal")];

        Assert.InRange(seen.Good / (seen.Good + seen.Bad), 0.749, 0.751);
        Assert.InRange(seen.QualityLow!.Value, 0.25, 0.35); // 0.301 for 3 of 4
    }

    [Fact]
    public async Task It_is_read_again_only_when_it_is_old()
    {
        using var record = new RecordPerformance(db.Source, time, Calls.Metrics());
        using var read = new ReadRecords(db.Source, time, RecordSettings.Default);
        Assert.Empty(await read.RunAsync(CancellationToken.None));
        record.Add("p", "m", "normal", time.GetUtcNow(), Calls.Succeeded());
        await record.FlushAsync(CancellationToken.None);

        Assert.Empty(await read.RunAsync(CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(16));
        Assert.Single(await read.RunAsync(CancellationToken.None));
    }

    [Theory] // values of R's binom.confint(..., methods = "wilson")
    [InlineData(0, 10, 0.0, 0.2775)]
    [InlineData(5, 10, 0.2366, 0.7634)]
    [InlineData(10, 10, 0.7225, 1.0)]
    [InlineData(95, 100, 0.8882, 0.9785)]
    [InlineData(0, 0, 0.0, 1.0)]
    public void The_interval_is_wilsons(double good, double all, double low, double high)
    {
        Assert.Equal(low, Wilson.Low(good, all), 4);
        Assert.Equal(high, Wilson.High(good, all), 4);
    }

    async Task<IReadOnlyDictionary<(string Provider, string Slug, string Policy), Routing.Selection.ModelRecord>> ReadAsync()
    {
        using var read = new ReadRecords(db.Source, time, RecordSettings.Default);
        return await read.RunAsync(CancellationToken.None);
    }
}
