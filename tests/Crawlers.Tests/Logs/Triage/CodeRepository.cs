using System.Diagnostics;
using System.Globalization;
using Support;

namespace Crawlers.Tests.Logs.Triage;

/// <summary>A real repository of git in a folder of the test's own.</summary>
sealed class CodeRepository : IDisposable
{
    readonly TempFolder folder = new();
    int commits;

    public CodeRepository() => Git("init", "-q", "-b", "main");

    public string Path => folder.Path;

    /// <summary>Five lines, of which the commit changes the given one.</summary>
    public static string Lines(int changed = 0, string with = "") => string.Concat(Enumerable.Range(1, 5).Select(n => n == changed ? $"line {n} {with}\n" : $"line {n}\n"));

    public void Write(string file, string text)
    {
        var path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <returns>The commit's id. Each is a day after the one before.</returns>
    public string Commit(string summary, string author = "Jane")
    {
        var at = new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero).AddDays(commits++);
        Git("add", "-A");
        Git("-c", "user.name=" + author, "-c", $"user.email={author.ToLowerInvariant()}@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", summary, "--date", at.ToString("O", CultureInfo.InvariantCulture));
        return Git("rev-parse", "HEAD").Trim();
    }

    public string Git(params string[] arguments) => GitAt(Path, arguments);

    public static string GitAt(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-C", path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {errors}");
    }

    public void Dispose() => folder.Dispose();
}
