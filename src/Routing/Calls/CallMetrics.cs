using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Routing.Calls;

/// <summary>Spans and metrics of calls, named as OpenTelemetry names those of generative AI; nothing of what was sent or said is in them.</summary>
public sealed class CallMetrics(IMeterFactory meters)
{
    public const string MeterName = "Routing", SourceName = "Routing";

    static readonly ActivitySource Source = new(SourceName);

    readonly Instruments instruments = new(meters.Create(MeterName));

    /// <returns>Null when nobody looks at spans.</returns>
    internal static Activity? Start(AttemptRoute route)
    {
        var around = Activity.Current;
        if (Source.StartActivity(route.Operation, ActivityKind.Client) is not { } span) return null;
        Activity.Current = around; // it ends elsewhere, perhaps between two steps of an enumeration
        span.DisplayName = $"{route.Operation} {route.Model}";
        span.SetTag("gen_ai.operation.name", route.Operation);
        span.SetTag("gen_ai.provider.name", route.Provider);
        span.SetTag("gen_ai.request.model", route.Model);
        span.SetTag("gen_ai.request.max_tokens", route.Candidate.MaxTokens);
        span.SetTag("server.address", route.Endpoint.BaseUrl.Host);
        span.SetTag("server.port", route.Endpoint.BaseUrl.Port);
        span.SetTag("routing.selection_id", route.SelectionId.ToString());
        span.SetTag("routing.attempt", route.Number);
        span.SetTag("routing.policy", route.Candidate.Policy);
        return span;
    }

    internal void Ended(AttemptRoute route, CallEnd end, Activity? span)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", route.Operation }, { "gen_ai.provider.name", route.Provider }, { "gen_ai.request.model", route.Model },
        };
        if (end.Usage.PromptTokens > 0) Tokens(end.Usage.PromptTokens, "input", tags);
        if (end.Usage.CompletionTokens > 0) Tokens(end.Usage.CompletionTokens, "output", tags);
        instruments.Cost.Add((double)end.CostUsd, tags);
        if (end.FirstToken is { } first) instruments.FirstChunk.Record(first.TotalSeconds, tags);
        var withError = tags;
        if (end.ErrorKind is { } kind)
        {
            withError.Add("error.type", kind);
            instruments.Failures.Add(1, withError);
        }
        instruments.Duration.Record(end.Latency.TotalSeconds, withError);
        tags.Add("outcome", end.Outcome);
        instruments.Requests.Add(1, tags);
        if (span is not null) Close(span, end);
    }

    void Tokens(long count, string type, TagList tags)
    {
        tags.Add("gen_ai.token.type", type);
        instruments.Tokens.Record(count, tags);
    }

    static void Close(Activity span, CallEnd end)
    {
        if (end.ServedModel is { } model) span.SetTag("gen_ai.response.model", model);
        if (end.GenerationId is { } id) span.SetTag("gen_ai.response.id", id);
        if (end.FinishReason is { } finish) span.SetTag("gen_ai.response.finish_reasons", new[] { finish });
        if (end.HttpStatus is { } status) span.SetTag("http.response.status_code", status);
        span.SetTag("gen_ai.usage.input_tokens", end.Usage.PromptTokens);
        span.SetTag("gen_ai.usage.output_tokens", end.Usage.CompletionTokens);
        span.SetTag("routing.cost_usd", (double)end.CostUsd);
        span.SetTag("routing.outcome", end.Outcome);
        if (end.ErrorKind is { } kind)
        {
            span.SetTag("error.type", kind);
            span.SetStatus(ActivityStatusCode.Error);
        }
        span.Stop();
    }

    sealed class Instruments(Meter meter)
    {
        public Counter<long> Requests { get; } = meter.CreateCounter<long>("routing.requests", "{request}", "Attempted calls of models that ended, by outcome.");
        public Counter<long> Failures { get; } = meter.CreateCounter<long>("routing.failures", "{failure}", "Attempted calls of models that failed, by kind of error.");
        public Counter<double> Cost { get; } = meter.CreateCounter<double>("routing.cost", "{USD}", "What calls of models cost; estimates among them.");
        public Histogram<long> Tokens { get; } = meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens of calls, by type.",
            advice: new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576] });
        public Histogram<double> Duration { get; } = meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "To the end of the answer.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] });
        public Histogram<double> FirstChunk { get; } = meter.CreateHistogram<double>("gen_ai.client.operation.time_to_first_chunk", "s", "To the first content of a streamed answer.",
            advice: new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0] });
    }
}
