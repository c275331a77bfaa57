using Benchmarks;

namespace Conventions.Scripts;

/// <summary>The frame that <c>ops/bench</c> starts.</summary>
public sealed class BenchmarkHostTests : IDisposable
{
    readonly StringWriter output = new();
    readonly StringWriter progress = new();

    public void Dispose()
    {
        output.Dispose();
        progress.Dispose();
    }

    [Fact]
    public async Task Figures_are_one_line_of_snake_case_json_and_progress_stays_apart()
    {
        var exitCode = await RunAsync(["one", "--connections", "32", "--seconds", "5"], (run, _) =>
        {
            run.Say("warming up");
            run.Result(new { What = string.Join(' ', run.Arguments), PerSecond = 12.5, P99Ms = 3, run.Time.TotalSeconds });
            return Task.FromResult(0);
        });

        Assert.Equal(0, exitCode);
        Assert.Equal("RESULT {\"what\":\"--connections 32\",\"per_second\":12.5,\"p99_ms\":3,\"total_seconds\":5}", output.ToString().TrimEnd());
        Assert.Equal("warming up", progress.ToString().TrimEnd());
    }

    [Theory]
    [InlineData("two")]
    [InlineData("one --seconds")]
    [InlineData("one --seconds soon")]
    [InlineData("one --seconds 0")]
    public async Task Misuse_is_told_with_the_list_of_names(string arguments)
    {
        var exitCode = await RunAsync(arguments.Split(' '), (_, _) => Task.FromResult(0));

        Assert.Equal(2, exitCode);
        Assert.Contains("one            counts to one", progress.ToString(), StringComparison.Ordinal);
        Assert.Empty(output.ToString());
    }

    [Fact]
    public async Task Without_a_name_the_names_are_listed()
    {
        Assert.Equal(0, await RunAsync([], (_, _) => Task.FromResult(1)));
        Assert.Contains("one            counts to one", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_benchmark_that_exceeds_its_time_cleans_up_and_fails()
    {
        var cleaned = false;

        var exitCode = await RunAsync(["one", "--seconds", "1"], async (_, ct) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                cleaned = true;
            }
            return 0;
        });

        Assert.Equal(1, exitCode);
        Assert.True(cleaned);
        Assert.Contains("not done within 1 s", progress.ToString(), StringComparison.Ordinal);
    }

    Task<int> RunAsync(string[] arguments, Func<BenchmarkRun, CancellationToken, Task<int>> benchmark) =>
        new BenchmarkHost(output, progress, TimeProvider.System)
            .RunAsync([new Benchmark("one", "counts to one", benchmark)], arguments, CancellationToken.None);
}
