using Crawlers.Logs.Sources.Files;

namespace Crawlers.Logs.Sources.Journald;

/// <summary>Which entries of systemd's journal are read.</summary>
public sealed record JournaldSettings
{
    /// <summary>In PATH, or with its path.</summary>
    public string Program { get; init; } = "journalctl";

    /// <summary>Only these units, with <c>*</c> and <c>?</c>; empty: all entries.</summary>
    public IReadOnlyList<string> Units { get; init; } = [];

    /// <summary>A folder with journal files, such as one that is mounted into a container; null: the system's own.</summary>
    public string? Folder { get; init; }

    public StartAt StartAt { get; init; } = StartAt.Beginning;

    /// <summary>How long one call of the program may take.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);
}
