using System.Globalization;

namespace Crawlers.Logs.Triage;

/// <summary>Who changed a line last, and who the file, when the line is not there any more.</summary>
static class FindCommit
{
    const string IgnoreFile = ".git-blame-ignore-revs";

    /// <param name="file">One of the commit's.</param>
    public static async Task<(TriageCommit? Commit, string Reason)> RunAsync(RunGit git, RevisionFiles files, string revision, string file, int line, CancellationToken ct)
    {
        if (line <= 0) return await OfFileAsync(git, revision, file, "the frame has no line: the last commit of the file", ct);
        var ignored = files.Has(IgnoreFile) ? await IgnoredAsync(git, revision, ct) : "";
        var range = string.Create(CultureInfo.InvariantCulture, $"-L{line},{line}");
        string[] ignore = ignored.Length > 0 ? ["--ignore-revs-file=/dev/stdin"] : [];
        var blamed = await git.RunAsync(["blame", "--porcelain", "--root", "--no-textconv", "--no-ignore-revs-file", .. ignore, range, revision, "--", file], ct, ignored);
        if (blamed.HasWorked && OfPorcelain(blamed.Text) is { } commit)
            return (commit, git.IsCutAt(commit.Id) ? "the clone's history ends at this commit: the line may be older" : "the last commit that changed this line");
        return await OfFileAsync(git, revision, file, blamed.Error.Contains("has only", StringComparison.Ordinal) ? $"the file has no line {line} at this revision, the code has moved on: the last commit of the file" : $"{Short(blamed.Error)}: the last commit of the file", ct);
    }

    // Whole ids alone: a name in this file is anybody's text.
    static async Task<string> IgnoredAsync(RunGit git, string revision, CancellationToken ct)
    {
        var read = await git.RunAsync(["cat-file", "blob", $"{revision}:{IgnoreFile}"], ct);
        var ids = read.Text.Split('\n').Select(l => l.Split('#')[0].Trim()).Where(l => l.Length is 40 or 64 && l.All(char.IsAsciiHexDigit));
        return string.Concat(ids.Take(10_000).Select(id => id + "\n"));
    }

    static async Task<(TriageCommit? Commit, string Reason)> OfFileAsync(RunGit git, string revision, string file, string reason, CancellationToken ct)
    {
        var logged = await git.RunAsync(["log", "-1", "--no-show-signature", "--format=%H%x00%an%x00%ae%x00%at%x00%s", revision, "--", file], ct);
        var parts = logged.Text.TrimEnd('\n').Split('\0');
        if (!logged.HasWorked || parts.Length != 5) return (null, $"no commit found: {Short(logged.Error)}");
        return (new TriageCommit(parts[0], parts[1], parts[2].Length == 0 ? null : parts[2], At(parts[3]), parts[4]), reason);
    }

    static TriageCommit? OfPorcelain(string text)
    {
        var lines = text.Split('\n');
        string Of(string key) => lines.FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) is { } found ? found[key.Length..] : "";
        var id = lines[0].Split(' ')[0].TrimStart('^');
        if (id.Length < 40) return null;
        var mail = Of("author-mail ").Trim('<', '>');
        return new TriageCommit(id, Of("author "), mail.Length == 0 ? null : mail, At(Of("author-time ")), Of("summary "));
    }

    // Years that no calendar has are in some histories.
    static DateTimeOffset At(string seconds) => long.TryParse(seconds, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var at) && at is > -62_135_596_800 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(at) : DateTimeOffset.UnixEpoch;

    static string Short(string error) => error.Length == 0 ? "git said nothing" : error.Length <= 200 ? error : error[..200] + "…";
}
