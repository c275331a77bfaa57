using Benchmarks;

return await new BenchmarkHost(Console.Out, Console.Error, TimeProvider.System).RunAsync(Registry.All, args, CancellationToken.None);
