namespace Crawlers.Logs.Events;

/// <summary>What lies around the lines of a source.</summary>
public enum LogFormat
{
    /// <summary>Seen for each line by itself.</summary>
    Auto,

    /// <summary>Nothing is unwrapped; syslog's host and tag are part of the header in any case.</summary>
    Plain,
    Docker,
    Cri,
    Journald,
    Json,
    Logfmt,
}
