namespace Crawlers.Logs.Events;

/// <summary>How bad an event says it is, least first.</summary>
public enum LogLevel : byte
{
    /// <summary>It does not say.</summary>
    Unknown,
    Trace,
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
}

/// <summary>Levels as frameworks write them: words, letters, and the numbers of syslog, OpenTelemetry and Bunyan.</summary>
public static class LogLevels
{
    /// <returns><see cref="LogLevel.Unknown"/> when the word is no level.</returns>
    public static LogLevel OfWord(ReadOnlySpan<byte> word)
    {
        if (word.Length is < 3 or > 11) return LogLevel.Unknown;
        Span<byte> lower = stackalloc byte[11];
        for (var i = 0; i < word.Length; i++)
        {
            if ((word[i] | 0x20) is < 'a' or > 'z') return LogLevel.Unknown;
            lower[i] = (byte)(word[i] | 0x20);
        }
        return OfLower(lower[..word.Length]);
    }

    static LogLevel OfLower(ReadOnlySpan<byte> word) => word[0] switch
    {
        (byte)'i' => Is(word, "info"u8, "information"u8, "inf"u8) ? LogLevel.Info : LogLevel.Unknown,
        (byte)'w' => Is(word, "warn"u8, "warning"u8, "wrn"u8) ? LogLevel.Warning : LogLevel.Unknown,
        (byte)'e' => Is(word, "error"u8, "err"u8, "eror"u8) ? LogLevel.Error : Is(word, "emerg"u8, "emergency"u8) ? LogLevel.Critical : LogLevel.Unknown,
        (byte)'d' => Is(word, "debug"u8, "dbug"u8, "dbg"u8) ? LogLevel.Debug : LogLevel.Unknown,
        (byte)'t' => Is(word, "trace"u8, "trce"u8, "trc"u8) ? LogLevel.Trace : LogLevel.Unknown,
        (byte)'v' => Is(word, "verbose"u8, "verb"u8) ? LogLevel.Trace : LogLevel.Unknown,
        (byte)'n' => Is(word, "notice"u8) ? LogLevel.Notice : LogLevel.Unknown,
        (byte)'f' => Is(word, "fatal"u8, "ftl"u8) ? LogLevel.Critical : Is(word, "fail"u8, "failure"u8) ? LogLevel.Error : Is(word, "fine"u8, "finer"u8, "finest"u8) ? LogLevel.Debug : LogLevel.Unknown,
        (byte)'s' => Is(word, "severe"u8) ? LogLevel.Error : LogLevel.Unknown,
        (byte)'c' => Is(word, "critical"u8, "crit"u8) ? LogLevel.Critical : LogLevel.Unknown,
        (byte)'a' => Is(word, "alert"u8) ? LogLevel.Critical : LogLevel.Unknown,
        (byte)'p' => Is(word, "panic"u8) ? LogLevel.Critical : LogLevel.Unknown,
        _ => LogLevel.Unknown,
    };

    static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> one, ReadOnlySpan<byte> two = default, ReadOnlySpan<byte> three = default) =>
        word.SequenceEqual(one) || (two.Length > 0 && word.SequenceEqual(two)) || (three.Length > 0 && word.SequenceEqual(three));

    /// <summary>As in logcat (V D I W E F) and klog (I W E F).</summary>
    public static LogLevel OfLetter(byte letter) => letter switch
    {
        (byte)'V' or (byte)'T' => LogLevel.Trace,
        (byte)'D' => LogLevel.Debug,
        (byte)'I' => LogLevel.Info,
        (byte)'N' => LogLevel.Notice,
        (byte)'W' => LogLevel.Warning,
        (byte)'E' => LogLevel.Error,
        (byte)'F' or (byte)'C' => LogLevel.Critical,
        _ => LogLevel.Unknown,
    };

    /// <param name="severity">0 (emergency) to 7 (debug), RFC 5424; journald's PRIORITY.</param>
    public static LogLevel OfSyslog(int severity) => severity switch
    {
        >= 0 and <= 2 => LogLevel.Critical,
        3 => LogLevel.Error,
        4 => LogLevel.Warning,
        5 => LogLevel.Notice,
        6 => LogLevel.Info,
        7 => LogLevel.Debug,
        _ => LogLevel.Unknown,
    };

    /// <param name="severity">1 to 24: four for each of trace, debug, info, warn, error and fatal.</param>
    public static LogLevel OfOpenTelemetry(int severity) => severity switch
    {
        >= 1 and <= 4 => LogLevel.Trace,
        <= 8 and > 4 => LogLevel.Debug,
        <= 12 and > 8 => LogLevel.Info,
        <= 16 and > 12 => LogLevel.Warning,
        <= 20 and > 16 => LogLevel.Error,
        <= 24 and > 20 => LogLevel.Critical,
        _ => LogLevel.Unknown,
    };

    /// <param name="level">10 to 60, as Bunyan and Pino write, and Python's 10 to 50, which differs: 20 is info in Python and debug there; told apart by nothing, so Pino's meaning is taken.</param>
    public static LogLevel OfNumber(int level) => level switch
    {
        10 => LogLevel.Trace,
        20 => LogLevel.Debug,
        30 => LogLevel.Info,
        40 => LogLevel.Warning,
        50 => LogLevel.Error,
        60 => LogLevel.Critical,
        >= 0 and <= 7 => OfSyslog(level),
        _ => LogLevel.Unknown,
    };

    public static string Name(this LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Notice => "notice",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        _ => "unknown",
    };
}
