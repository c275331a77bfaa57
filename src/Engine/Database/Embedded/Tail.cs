namespace Engine.Database.Embedded;

/// <summary>The end of a text that a person is to read in an error message.</summary>
static class Tail
{
    const int Lines = 15;

    public static string Of(string text) => string.Join('\n', text.Trim().Split('\n').TakeLast(Lines));

    /// <summary>The end of what the server said at its last start: first into the start log, then into its own.</summary>
    public static string OfServer(PostgresFolder folder)
    {
        var start = new FileInfo(folder.StartLog);
        if (!start.Exists) return "";
        var own = Directory.Exists(folder.Log)
            ? new DirectoryInfo(folder.Log).EnumerateFiles().Where(f => f.LastWriteTimeUtc >= start.LastWriteTimeUtc).MaxBy(f => f.LastWriteTimeUtc)
            : null;
        return Of(File.ReadAllText(start.FullName)) + (own is null ? "" : '\n' + Of(File.ReadAllText(own.FullName)));
    }
}
