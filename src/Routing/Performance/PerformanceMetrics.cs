using System.Diagnostics.Metrics;
using Routing.Calls;

namespace Routing.Performance;

/// <summary>Failures by kind, as this process saw them; the states of breakers, as it knows them.</summary>
public sealed class PerformanceMetrics
{
    public const string MeterName = "Engine.Routing.Performance";

    readonly Counter<long> failures;
    volatile Func<IEnumerable<BreakerState>>? breakers;

    public PerformanceMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        failures = meter.CreateCounter<long>("engine.routing.failures", "{call}", "Calls that failed, by provider, model and kind of error.");
        meter.CreateObservableGauge("engine.routing.breaker", Breakers, "1", "Models and providers (an empty model) that stood still: 1, 0.5 while they are tried, 0 when they work again.");
    }

    public void Ended(string provider, string model, CallEnd end)
    {
        if (end.Outcome == "failed") failures.Add(1, new("provider", provider), new("model", model), new("kind", FailureKinds.Known(end.ErrorKind)));
    }

    /// <summary>Where the states are asked for when somebody collects.</summary>
    public void Watch(Func<IEnumerable<BreakerState>> source) => breakers = source;

    IEnumerable<Measurement<double>> Breakers() => (breakers?.Invoke() ?? []).Select(b => new Measurement<double>(
        b.State switch { "open" => 1, "probing" => 0.5, _ => 0 }, new("provider", b.Provider), new("model", b.Model)));
}

/// <param name="Model">Empty for the whole provider.</param>
/// <param name="State">closed, open or probing.</param>
public sealed record BreakerState(string Provider, string Model, string State);
