using Serilog;
using Serilog.Debugging;
using Serilog.Extensions.Logging;

namespace Engine.Hosting.Logging;

public static class EngineLogging
{
    static readonly string[] Frameworks = ["Microsoft.AspNetCore", "Microsoft.Hosting", "Quartz", "Npgsql", "System.Net.Http"];

    /// <summary>
    /// Makes standard output the one place that logs go to, in the form and from the level that <paramref name="settings"/>
    /// say; filters from elsewhere (a <c>Logging</c> section) no longer count.
    /// </summary>
    public static ILoggingBuilder AddEngineLogging(this ILoggingBuilder logging, LoggingSettings settings)
    {
        logging.ClearProviders();
        logging.Services.AddSingleton<ILoggerProvider>(_ => new SerilogLoggerProvider(CreateLogger(settings.Format), dispose: true));
        logging.Services.PostConfigure<LoggerFilterOptions>(filter =>
        {
            filter.Rules.Clear();
            filter.MinLevel = settings.Level;
            foreach (var framework in Frameworks)
                filter.Rules.Add(new LoggerFilterRule(null, framework, FrameworkLevel(settings.Level), null));
        });
        // Events carry the ids of their trace themselves; a scope with the same ids would only say them twice.
        logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.None);
        return logging;
    }

    /// <summary>For what has to be said before there is a host: same output, same form. The caller disposes it.</summary>
    public static ILoggerFactory CreateFactory(LoggingSettings settings) =>
        LoggerFactory.Create(logging => logging.AddEngineLogging(settings));

    static LogLevel FrameworkLevel(LogLevel level) => level switch
    {
        LogLevel.Trace => LogLevel.Trace,
        LogLevel.Debug => LogLevel.Information,
        _ => (LogLevel)Math.Max((int)level, (int)LogLevel.Warning),
    };

    static Serilog.Core.Logger CreateLogger(LogFormat format)
    {
        // An event that cannot be written must not vanish unseen; this goes to standard error.
        SelfLog.Enable(problem => Console.Error.WriteLine(SecretRedaction.Redact(problem)));
        var asJson = format == LogFormat.Json || (format == LogFormat.Auto && Console.IsOutputRedirected);
        return new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Console(new RedactedLines(asJson ? JsonLine.Write : TextLine.Write))
            .CreateLogger();
    }
}
