using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <summary>How bad a message sounds that says no level.</summary>
static class LevelOfWording
{
    static readonly (string Word, LogLevel Level)[] Words =
    [
        ("fatal", LogLevel.Critical), ("panic", LogLevel.Critical), ("out of memory", LogLevel.Critical), ("segfault", LogLevel.Critical),
        ("error", LogLevel.Error), ("fail", LogLevel.Error), ("exception", LogLevel.Error), ("denied", LogLevel.Error), ("refused", LogLevel.Error), ("unable to", LogLevel.Error),
        ("cannot", LogLevel.Error), ("can't", LogLevel.Error), ("could not", LogLevel.Error), ("couldn't", LogLevel.Error), ("illegal", LogLevel.Error), ("abnormal", LogLevel.Error), ("corrupt", LogLevel.Error),
        ("timed out", LogLevel.Warning), ("timeout", LogLevel.Warning), ("warning", LogLevel.Warning), ("deprecated", LogLevel.Warning), ("retry", LogLevel.Warning),
    ];

    public static LogLevel Of(string template)
    {
        foreach (var (word, level) in Words)
            if (template.Contains(word, StringComparison.OrdinalIgnoreCase)) return level;
        return LogLevel.Unknown;
    }
}
