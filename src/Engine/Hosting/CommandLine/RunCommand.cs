namespace Engine.Hosting.CommandLine;

static class RunCommand
{
    public static DocumentedCommand Create(CommandFrame frame) => new DocumentedCommand(
        "run", "Start the engine here and keep it running until Ctrl-C or SIGTERM.",
        "engine run\nengine run --config /etc/engine.json")
        .Runs((parse, ct) => Task.FromResult(ExitCode.Failed));
}
