using Support;
using Xunit.Abstractions;

namespace EndToEnd.Tasks;

/// <summary>A minute of everything at once: row 33 of the fault matrix, as <c>ops/chaos</c> runs it.</summary>
public sealed class ChaosRunTests(ITestOutputHelper output)
{
    /// <summary>Which plan is run; <c>ENGINE_CHAOS_SEED</c> says another.</summary>
    const string UsualSeed = "1";

    [Fact]
    public async Task A_minute_of_seeded_chaos_violates_nothing()
    {
        var seed = Environment.GetEnvironmentVariable("ENGINE_CHAOS_SEED") is { Length: > 0 } other ? other : UsualSeed;
        output.WriteLine($"seed {seed}; to see what it does: ops/chaos --seed {seed} --plan");
        using var folder = new TempFolder();
        using var chaos = RunningProgram.Start(Path.Combine(AppContext.BaseDirectory, "chaos"), ["--seed", seed, "--minutes", "1", "--folder", folder.Path]);

        var run = await chaos.EndAsync(TimeSpan.FromSeconds(175));

        output.WriteLine(run.Output);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("RESULT {", run.Output, StringComparison.Ordinal);
    }
}
