using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Hosting.Logging;

/// <summary>Section <c>Engine:Logging</c>.</summary>
public sealed record LoggingSettings : IChecked
{
    /// <summary>
    /// The lowest level that is written. Frameworks (ASP.NET Core, Quartz, Npgsql, HttpClient) are held at warning; at
    /// <c>debug</c> they speak at information, at <c>trace</c> at everything.
    /// </summary>
    [Description("Lowest level that is logged: trace, debug, information, warning, error, critical or none.")]
    public LogLevel Level { get; init; } = LogLevel.Information;

    [Description("Form of the log: text, json, or auto (text on a terminal, json otherwise).")]
    public LogFormat Format { get; init; } = LogFormat.Auto;

    public IEnumerable<string> Problems()
    {
        if (!Enum.IsDefined(Level))
            yield return $"Level must be trace, debug, information, warning, error, critical or none, is {Level}";
        if (!Enum.IsDefined(Format))
            yield return $"Format must be auto, text or json, is {Format}";
    }
}

public enum LogFormat
{
    /// <summary>Text when standard output is a terminal, JSON lines otherwise.</summary>
    Auto,
    Text,
    Json,
}
