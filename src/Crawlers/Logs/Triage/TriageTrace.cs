using System.Buffers;
using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Triage;

/// <summary>
/// From a trace to the line that threw, the commit that changed it last and its owners: by rules alone, without a model. A trace is text that
/// anybody may have written; nothing of it becomes a part of a command.
/// </summary>
public sealed class TriageTrace(TimeProvider time)
{
    const int MaxFrames = 50;

    static readonly SearchValues<char> InRevisions = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+-");

    readonly Lock gate = new();
    (string Path, string Commit, RevisionFiles Files, CodeOwners Owners)? last; // errors come in bursts, from one release

    public async Task<TriageFinding> RunAsync(Trace trace, TriageRepository repository, CancellationToken ct)
    {
        var steps = new List<string>();
        var git = new RunGit(repository.Path, time);
        var (revision, problem) = await ResolveAsync(git, repository.Revision, steps, ct);
        if (revision is null) return TriageFinding.Unknown($"The repository could not be read: {problem}", steps);
        var (files, owners, unread) = await ReadAsync(git, repository.Path, revision, ct);
        if (files is null || owners is null) return TriageFinding.Unknown($"The files of {revision} could not be read: {unread}", steps, revision);

        if (Place(trace, files, repository.Paths, steps) is not var (frame, file, because))
            return TriageFinding.Unknown(steps.Any(s => s.StartsWith("frame ", StringComparison.Ordinal)) ? "No frame of the program's own lies in the repository." : "No frame of the program's own names a file.", steps, revision);
        var (commit, reason) = await FindCommit.RunAsync(git, files, revision, file, frame.Line, ct);
        steps.Add($"commit: {reason}");
        var (named, pattern) = owners.Of(file);
        steps.Add(pattern is null ? "owners: none named for this file" : named.Count == 0 ? $"owners: {pattern} takes them away" : $"owners: {pattern}");
        return new TriageFinding(file, frame.Line, frame.Name, revision, commit, named, $"The innermost frame that lies in the repository: {because}. {char.ToUpperInvariant(reason[0])}{reason[1..]}.", steps);
    }

    // Root cause first, each from the inside out.
    static (TraceFrame Frame, string File, string Because)? Place(Trace trace, RevisionFiles files, IReadOnlyList<PathMapping> paths, List<string> steps)
    {
        var tried = 0;
        foreach (var frame in trace.Exceptions.Reverse().SelectMany(e => e.Frames).Where(f => f.IsOwn && f.File is not null))
        {
            if (++tried > MaxFrames) break;
            var (file, because) = MapFrame.Run(frame, files, paths);
            steps.Add($"frame {Cut(frame.Name)} ({Cut(frame.File!)}:{frame.Line}): {because}");
            if (file is not null) return (frame, file, because);
        }
        return null;
    }

    static string Cut(string text) => text.Length <= 200 ? text : text[..200] + "…";

    // A release that is no revision of the repository must not hide what HEAD knows.
    static async Task<(string? Commit, string Problem)> ResolveAsync(RunGit git, string? wanted, List<string> steps, CancellationToken ct)
    {
        if (!string.IsNullOrEmpty(wanted) && wanted.Length <= 200 && !wanted.StartsWith('-') && !wanted.AsSpan().ContainsAnyExcept(InRevisions) && !wanted.Contains("..", StringComparison.Ordinal))
            foreach (var name in new[] { wanted, "v" + wanted })
                if (await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"], ct) is { HasWorked: true } found)
                {
                    steps.Add($"revision {name}");
                    return (found.Text.Trim(), "");
                }
        if (!string.IsNullOrEmpty(wanted)) steps.Add($"revision: {Cut(wanted)} is none of the repository; HEAD instead, where lines may have moved");
        var head = await git.RunAsync(["rev-parse", "--verify", "--end-of-options", "HEAD^{commit}"], ct);
        return head.HasWorked ? (head.Text.Trim(), "") : (null, head.Error);
    }

    async Task<(RevisionFiles? Files, CodeOwners? Owners, string Error)> ReadAsync(RunGit git, string path, string commit, CancellationToken ct)
    {
        lock (gate)
            if (last is var (lastPath, lastCommit, lastFiles, lastOwners) && lastPath == path && lastCommit == commit) return (lastFiles, lastOwners, "");
        var (files, error) = await RevisionFiles.ReadAsync(git, commit, ct);
        if (files is null) return (null, null, error);
        var owners = new CodeOwners();
        if (CodeOwners.Places.FirstOrDefault(files.Has) is { } place && await git.RunAsync(["cat-file", "blob", $"{commit}:{place}"], ct) is { HasWorked: true } read) owners = CodeOwners.Parse(read.Text);
        lock (gate) last = (path, commit, files, owners);
        return (files, owners, "");
    }
}
