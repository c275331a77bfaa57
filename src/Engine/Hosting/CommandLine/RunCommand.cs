namespace Engine.Hosting.CommandLine;

static class RunCommand
{
    public static DocumentedCommand Create(CommandFrame frame) => new DocumentedCommand(
        "run", "Start the engine here and keep it running until Ctrl-C or SIGTERM.",
        "engine run\nengine run --config /etc/engine.json\nENGINE__HTTP__LISTEN=http://127.0.0.1:8000 engine run")
        .Runs(async (parse, ct) => (ExitCode)await EngineHost.RunAsync(frame.Settings(parse), ct));
}
