namespace Support;

/// <summary>The library behind <c>faketime</c>: another wall clock for one process, which can be moved while that runs.</summary>
public static class FakeTime
{
    // Links among folders may lead in circles.
    static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };

    /// <returns>Its path; null when it is not installed.</returns>
    public static string? Library() => Directory.Exists("/usr/lib") ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", Everywhere).FirstOrDefault() : null;

    // Without the last one waits by the monotonic clock, which it leaves alone, end at once.
    /// <param name="clockFile">Holds how far off the clock is, such as <c>+3600</c>.</param>
    public static IReadOnlyDictionary<string, string> Variables(string library, string clockFile) => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = library, ["FAKETIME_TIMESTAMP_FILE"] = clockFile, ["FAKETIME_NO_CACHE"] = "1", ["DONT_FAKE_MONOTONIC"] = "1",
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
    };
}
