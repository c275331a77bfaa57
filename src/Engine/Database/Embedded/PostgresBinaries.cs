using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Database.Embedded;

/// <summary>A folder with PostgreSQL's programs that can run a cluster here.</summary>
public sealed partial record PostgresBinaries(string Folder, Version Version)
{
    public const int OldestMajor = 15;
    static readonly string[] Needed = ["postgres", "initdb", "pg_ctl"];

    public string Program(string name) => Path.Combine(Folder, name);

    /// <summary>The programs for the cluster of <paramref name="dataFolder"/>: of its version when it exists, else the newest. Changes nothing.</summary>
    /// <exception cref="Hosting.StartupException">There are none that fit; says what was found and what to install.</exception>
    public static Task<PostgresBinaries> FindAsync(EmbeddedPostgresSettings settings, string dataFolder, CancellationToken ct) =>
        FindAsync(settings, new PostgresFolder(Path.GetFullPath(dataFolder)), PostgresUser.OfThisProcess(), ct);

    internal static async Task<PostgresBinaries> FindAsync(
        EmbeddedPostgresSettings settings, PostgresFolder folder, PostgresUser? user, CancellationToken ct)
    {
        var folders = settings.BinariesFolder is { } given
            ? [given]
            : BinariesSearch.Folders(Environment.GetEnvironmentVariable("PATH"), BinariesSearch.UsualPlaces);
        var program = new RunProgram(user);
        var candidates = await Task.WhenAll(folders.Select(f => InspectAsync(f, program, ct)));
        return ChooseBinaries.For(candidates, folder, user);
    }

    /// <summary>Asks the programs of one folder for their version, as the user who would run them.</summary>
    static async Task<BinariesCandidate> InspectAsync(string folder, RunProgram program, CancellationToken ct)
    {
        if (Needed.FirstOrDefault(name => !File.Exists(Path.Combine(folder, name))) is { } missing)
            return new BinariesCandidate(folder, null, $"has no {missing}");
        var answer = await program.RunAsync(Path.Combine(folder, "postgres"), "/", ["--version"], ct);
        return answer.Succeeded && VersionIn(answer.Output) is { } version
            ? new BinariesCandidate(folder, version, $"is {version}")
            : new BinariesCandidate(folder, null, $"postgres --version ended with {answer.ExitCode}: {answer.Output}");
    }

    /// <param name="output">Such as <c>postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)</c> or <c>postgres (PostgreSQL) 19beta1</c>.</param>
    /// <returns>Major and minor version; a minor of 0 for previews.</returns>
    public static Version? VersionIn(string output) => VersionPattern().Match(output) is { Success: true } match
        ? new Version(Number(match.Groups[1].Value), Number(match.Groups[2].Value))
        : null;

    static int Number(string digits) => digits.Length == 0 ? 0 : int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\(PostgreSQL\) (\d{1,4})(?:\.(\d{1,4}))?")]
    private static partial Regex VersionPattern();
}

/// <param name="Version">Null when the folder cannot be used.</param>
/// <param name="Finding">What was seen there, to follow the folder's name in a sentence.</param>
public sealed record BinariesCandidate(string Folder, Version? Version, string Finding);
