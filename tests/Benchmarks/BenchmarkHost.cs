using System.Globalization;
using System.Runtime.InteropServices;

namespace Benchmarks;

/// <summary>Finds the benchmark that was asked for and runs it in its time; Ctrl-C and SIGTERM cancel it, so that it cleans up.</summary>
public sealed class BenchmarkHost(TextWriter output, TextWriter progress, TimeProvider time)
{
    const int Failed = 1, Misuse = 2, Interrupted = 130;
    static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(60);

    /// <returns>The exit code: the benchmark's own, 1 when its time was over, 2 for misuse, 130 when it was interrupted.</returns>
    public async Task<int> RunAsync(IReadOnlyList<Benchmark> benchmarks, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        if (arguments.Count == 0)
        {
            List(benchmarks, output);
            return 0;
        }
        if (benchmarks.FirstOrDefault(b => b.Name == arguments[0]) is not { } benchmark) return Refuse($"There is no benchmark \"{arguments[0]}\".");
        if (Split(arguments.Skip(1)) is not var (options, limit)) return Refuse("--seconds wants a number from 1 to 86400.");

        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var expired = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(interrupted.Token, expired.Token);
        try
        {
            return await benchmark.RunAsync(new BenchmarkRun(options, limit, output, progress), either.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await progress.WriteLineAsync($"{benchmark.Name}: interrupted.");
            return Interrupted;
        }
        catch (OperationCanceledException) when (expired.IsCancellationRequested)
        {
            await progress.WriteLineAsync($"{benchmark.Name}: not done within {limit.TotalSeconds:0} s; allow more with --seconds.");
            return Failed;
        }

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true; // the process ends by itself, after the clean-up
            interrupted.Cancel();
        }

        int Refuse(string reason)
        {
            progress.WriteLine(reason);
            List(benchmarks, progress);
            return Misuse;
        }
    }

    static void List(IReadOnlyList<Benchmark> benchmarks, TextWriter to)
    {
        to.WriteLine("usage: ops/bench NAME [--seconds N] [options of the benchmark]");
        foreach (var benchmark in benchmarks) to.WriteLine($"  {benchmark.Name,-14} {benchmark.Description}");
    }

    /// <returns>The benchmark's own options and its time; null when <c>--seconds</c> has no usable value.</returns>
    static (IReadOnlyList<string> Options, TimeSpan Time)? Split(IEnumerable<string> arguments)
    {
        var options = arguments.ToList();
        var at = options.IndexOf("--seconds");
        if (at < 0) return (options, DefaultTime);
        var value = at + 1 < options.Count ? options[at + 1] : "";
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds is < 1 or > 86_400) return null;
        options.RemoveRange(at, 2);
        return (options, TimeSpan.FromSeconds(seconds));
    }
}
