using Support;

namespace Benchmarks.Queue;

/// <summary>This program once more, as an engine in a process of its own that runs what is filed here.</summary>
sealed class OtherEngine : IAsyncDisposable
{
    /// <summary>What makes it one: an engine that knows the benchmark's kinds.</summary>
    public const string Argument = "queue-worker";

    readonly TempFolder folder = new();
    readonly RunningProgram program;

    public OtherEngine(QueueDatabase database) => program = RunningProgram.Start(Environment.ProcessPath!, [Argument], new Dictionary<string, string>(database.Variables)
    {
        ["ENGINE_DATA"] = folder.Path,
        ["HOME"] = folder.Path,
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
        ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
        ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
        ["ENGINE__LOGGING__LEVEL"] = "warning",
    });

    public async ValueTask DisposeAsync()
    {
        if (!program.HasExited) program.Signal("TERM");
        await program.EndAsync(TimeSpan.FromSeconds(20));
        program.Dispose();
        folder.Dispose();
    }
}
