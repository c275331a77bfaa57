namespace Crawlers.Logs.Events;

/// <summary>What stands before the message of a line: time, level, logger, thread. Offsets are bytes of the line; an absent part has length 0.</summary>
/// <param name="TextStart">Where the program's own text begins, behind syslog's host and tag; 0 without them.</param>
/// <param name="MessageStart">Where the message begins.</param>
/// <param name="TagStart">syslog's tag with the process number: with the host it tells streams apart.</param>
public readonly record struct Header(
    int TextStart, int MessageStart, LogLevel Level, Timestamp Time, int LoggerStart, int LoggerLength, int ThreadStart, int ThreadLength, int HostStart, int TagStart, int TagLength)
{
    public bool HasTime => Time.Length > 0;

    public bool IsSyslog => TextStart > 0;

    /// <summary>The program's own text begins with a time or a level: a new event begins here.</summary>
    public bool IsHead { get; init; }
}
