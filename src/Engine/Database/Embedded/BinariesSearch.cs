namespace Engine.Database.Embedded;

/// <summary>Where PostgreSQL's programs are looked for.</summary>
public static class BinariesSearch
{
    /// <summary>Folders in which a star stands for any characters of one name.</summary>
    public static readonly IReadOnlyList<string> UsualPlaces =
    [
        "/usr/lib/postgresql/*/bin", // Debian
        "/usr/pgsql-*/bin", // Red Hat
        "/usr/local/pgsql/bin", // built from source
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
    ];

    // Not psql: on Debian that is a link to a wrapper in another package.
    static readonly string[] Telling = ["postgres", "pg_ctl", "initdb"];

    /// <summary>PATH first, with links followed to the folder where a program's siblings lie; each folder once.</summary>
    public static IReadOnlyList<string> Folders(string? path, IEnumerable<string> usualPlaces) =>
    [
        .. (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathFullyQualified)
            .SelectMany(folder => Telling.Select(name => Path.Combine(folder, name)))
            .Where(File.Exists)
            .Select(program => Path.GetDirectoryName(Native.RealPath(program))!)
            .Concat(usualPlaces.SelectMany(Expand).Select(Native.RealPath))
            .Distinct(),
    ];

    static IEnumerable<string> Expand(string pattern)
    {
        IEnumerable<string> found = ["/"];
        foreach (var name in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = name.Contains('*', StringComparison.Ordinal)
                ? found.SelectMany(folder => Directory.EnumerateDirectories(folder, name))
                : found.Select(folder => Path.Combine(folder, name)).Where(Directory.Exists);
        }
        return found;
    }
}
