using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Routing.Calls;

namespace Routing.Tests.Calls;

public sealed class CallMetricsTests(CallField field) : IClassFixture<CallField>, IAsyncLifetime
{
    const string Secret = "a prompt that is nobody's business";

    readonly RawServer server = new();
    readonly ConcurrentQueue<Activity> spans = [];
    readonly ConcurrentQueue<string> measured = [];

    [Fact]
    public async Task Each_attempt_has_a_span_and_figures_with_the_names_that_people_know_and_without_words()
    {
        server.On("a", x => x.JsonAsync(502, "{\"error\":{\"message\":\"" + Secret + "\"}}"));
        server.On("b", Answers.GoodAsync);
        await using var routed = new Routed(field).Provider("p", server.Url).Models("p:a", "p:b");
        using var spanListener = ListenToSpans();
        using var meterListener = ListenTo(routed.Meters);
        using var around = new Activity("around").Start();

        await foreach (var _ in routed.Client().GetStreamingResponseAsync(Secret)) Assert.Same(around, Activity.Current);

        var own = spans.Where(s => s.TraceId == around.TraceId).ToList();
        Assert.Equal([("chat a", ActivityStatusCode.Error), ("chat b", ActivityStatusCode.Unset)], own.Select(s => (s.DisplayName, s.Status)));
        Assert.All(own, s => Assert.Equal((ActivityKind.Client, "p", "chat", around.SpanId), (s.Kind, s.GetTagItem("gen_ai.provider.name"), s.GetTagItem("gen_ai.operation.name"), s.ParentSpanId)));
        Assert.Equal(("provider_unavailable", 502, 1), (own[0].GetTagItem("error.type"), own[0].GetTagItem("http.response.status_code"), own[0].GetTagItem("routing.attempt")));
        Assert.Equal(("b", "gen-raw", 10L, 3L, 0.000016, "succeeded"), (own[1].GetTagItem("gen_ai.request.model"), own[1].GetTagItem("gen_ai.response.id"), own[1].GetTagItem("gen_ai.usage.input_tokens"),
            own[1].GetTagItem("gen_ai.usage.output_tokens"), own[1].GetTagItem("routing.cost_usd"), own[1].GetTagItem("routing.outcome")));
        Assert.DoesNotContain(own.SelectMany(s => s.TagObjects), t => $"{t.Value}".Contains(Secret, StringComparison.Ordinal));

        Assert.Contains("routing.requests 1 chat p a failed", measured);
        Assert.Contains("routing.requests 1 chat p b succeeded", measured);
        Assert.Contains("routing.failures 1 chat p a provider_unavailable", measured);
        Assert.Contains("gen_ai.client.token.usage 10 chat p b input", measured);
        Assert.Contains("gen_ai.client.token.usage 3 chat p b output", measured);
        Assert.Contains("routing.cost 1.6E-05 chat p b", measured);
        Assert.Equal(2, measured.Count(m => m.StartsWith("gen_ai.client.operation.duration ", StringComparison.Ordinal)));
        Assert.Single(measured, m => m.StartsWith("gen_ai.client.operation.time_to_first_chunk ", StringComparison.Ordinal));
        Assert.DoesNotContain(routed.Log.Lines, l => l.Contains(Secret, StringComparison.Ordinal));
    }

    ActivityListener ListenToSpans()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CallMetrics.SourceName, Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded, ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    MeterListener ListenTo(IMeterFactory meters)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == CallMetrics.MeterName && instrument.Meter.Scope == meters) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        return listener;

        void Add(Instrument instrument, object value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            measured.Enqueue(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(t => t.Value))}"));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await server.DisposeAsync();
}
