using Engine.Hosting.Configuration;
using Engine.Hosting.Logging;

namespace Engine.Hosting.CommandLine;

static class RunCommand
{
    public static DocumentedCommand Create(CommandFrame frame) => new DocumentedCommand(
        "run", "Start the engine here and keep it running until Ctrl-C or SIGTERM.",
        "engine run\nengine run --config /etc/engine.json\nENGINE__HTTP__LISTEN=http://127.0.0.1:8000 engine run")
        .Runs((parse, ct) => RunAsync(frame.Settings(parse), services =>
        {
            services.AddSingleton(new HurryToStop(frame.Hurry));
            frame.Additions?.Invoke(services);
        }, ct));

    static async Task<ExitCode> RunAsync(EngineSettings settings, Action<IServiceCollection>? additions, CancellationToken ct)
    {
        try
        {
            return (ExitCode)await EngineHost.RunAsync(settings, additions, ct);
        }
        catch (Exception e) when (e is not (StartupException or CommandException or OperationCanceledException))
        {
            // Whoever reads the log later sees no terminal; this is where the stack trace is kept.
            using var loggers = EngineLogging.CreateFactory(settings.Get<LoggingSettings>());
            loggers.CreateLogger<EngineHost>().EndedUnexpectedly(e);
            throw;
        }
    }
}
