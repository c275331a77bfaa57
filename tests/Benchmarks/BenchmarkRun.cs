using System.Text.Json;

namespace Benchmarks;

/// <summary>What one benchmark is given: its options, its time, and where its figures and its progress go.</summary>
/// <param name="Arguments">What stood after the name, without <c>--seconds</c>; the benchmark refuses what it does not know.</param>
/// <param name="Time">All the time there is, set-up and clean-up included; the token fires when it is over.</param>
public sealed record BenchmarkRun(IReadOnlyList<string> Arguments, TimeSpan Time, TextWriter Output, TextWriter Progress)
{
    static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Writes one line of figures: <c>RESULT {json}</c> with snake_case names.</summary>
    public void Result<T>(T figures) => Output.WriteLine("RESULT " + JsonSerializer.Serialize(figures, SnakeCase));

    /// <summary>Tells a person what is going on; never part of the figures.</summary>
    public void Say(string progress) => Progress.WriteLine(progress);
}
