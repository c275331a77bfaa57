namespace Crawlers.Logs.Triage;

/// <summary>Where an error was thrown, who changed that place last, and who owns it.</summary>
/// <param name="File">In the repository; null when no frame lies there, and then all else is missing, too: nothing is known, which is not that nothing is wrong.</param>
/// <param name="Line">Of the program that ran, 1-based; 0 when the frame has none.</param>
/// <param name="Revision">The commit that was looked at.</param>
/// <param name="Owners">As CODEOWNERS writes them; empty when it names none.</param>
/// <param name="Reason">How it was found, or why not.</param>
/// <param name="Steps">What was tried, in order.</param>
public sealed record TriageFinding(string? File, int Line, string? Function, string? Revision, TriageCommit? Commit, IReadOnlyList<string> Owners, string Reason, IReadOnlyList<string> Steps)
{
    /// <summary>Nothing is known, which is not that nothing is wrong.</summary>
    public static TriageFinding Unknown(string reason, IReadOnlyList<string> steps, string? revision = null) => new(null, 0, null, revision, null, [], reason, steps);
}

/// <param name="AuthorMail">Personal: for the owner's eyes, not for a model's.</param>
/// <param name="Summary">The first line of its message, as somebody wrote it.</param>
public sealed record TriageCommit(string Id, string Author, string? AuthorMail, DateTimeOffset At, string Summary);

/// <summary>The code of a service.</summary>
/// <param name="Path">A local clone, bare or not.</param>
/// <param name="Paths">Where the frames' files lie in the repository; the first that fits counts.</param>
/// <param name="Revision">A tag, branch or commit, such as the release that ran; null: HEAD.</param>
public sealed record TriageRepository(string Path, IReadOnlyList<PathMapping> Paths, string? Revision = null);

/// <param name="From">How paths of frames begin, as in /app/ or C:\build\.</param>
/// <param name="To">What stands there in the repository; empty is its root.</param>
public sealed record PathMapping(string From, string To);
