using Benchmarks;
using Benchmarks.Queue;
using Benchmarks.Routing;
using Engine.Hosting.CommandLine;

if (args is [OtherEngine.Argument]) return await EngineCommand.RunAsync(["run"], NoopTask.AddTo);
if (args is [SpenderProcess.Argument, ..]) return await SpenderProcess.RunAsync(args[1..]);
return await new BenchmarkHost(Console.Out, Console.Error, TimeProvider.System).RunAsync(Registry.All, args, CancellationToken.None);
