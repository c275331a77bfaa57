using Benchmarks;
using Benchmarks.Queue;
using Engine.Hosting.CommandLine;

if (args is [LatencyBenchmark.WorkerArgument]) return await EngineCommand.RunAsync(["run"], NoopTask.AddTo);
return await new BenchmarkHost(Console.Out, Console.Error, TimeProvider.System).RunAsync(Registry.All, args, CancellationToken.None);
