using Chaos;
using Chaos.Driving;
using Chaos.Kinds;
using Engine.Hosting.CommandLine;

if (args is [WorkerProcess.Argument])
{
    var lease = Environment.GetEnvironmentVariable(WorkerProcess.LeaseVariable) is { Length: > 0 } text ? TimeSpan.Parse(text, null) : (TimeSpan?)null;
    return await EngineCommand.RunAsync(["run"], services => ChaosKinds.Add(services, lease));
}
return await new ChaosCommand(Console.Out, Console.Error).RunAsync(args, CancellationToken.None);
