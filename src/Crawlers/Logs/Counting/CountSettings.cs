using Crawlers.Logs.Events;

namespace Crawlers.Logs.Counting;

/// <summary>What of a source is counted as an error, and how its lines are read.</summary>
public sealed record CountSettings
{
    /// <summary>What lies around the lines.</summary>
    public LogFormat Format { get; init; } = LogFormat.Auto;

    /// <summary>Events of this level and above are errors; those that name none are judged by their wording.</summary>
    public LogLevel CountFrom { get; init; } = LogLevel.Error;

    /// <summary>Of times that name no zone.</summary>
    public TimeSpan Zone { get; init; } = TimeSpan.Zero;

    /// <summary>Where the place of the lines names none.</summary>
    public string Service { get; init; } = "";

    public string Release { get; init; } = "";

    /// <summary>An event that nothing was added to for so long is complete.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The text of each error is kept for a while, not only samples.</summary>
    public bool KeepsEvents { get; init; }
}
