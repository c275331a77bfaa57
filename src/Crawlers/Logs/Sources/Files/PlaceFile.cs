namespace Crawlers.Logs.Sources.Files;

/// <summary>Says which content a file holds that is not known by its inode: a known content that goes on, a copy of one that stands, or a new one.</summary>
sealed class PlaceFile(KnownFiles known, Problems problems, TimeProvider time)
{
    // What has only the beginning of a content may still be written by who copies or packs it.
    static readonly TimeSpan CopyingTakes = TimeSpan.FromSeconds(10), CopyIsOf = TimeSpan.FromMinutes(1);

    readonly Dictionary<FileIdentity, WaitingFile> waiting = [];
    readonly UnreadFiles unread = new(known);

    /// <summary>Before a look's files are placed.</summary>
    public void Begin(IReadOnlyCollection<FoundFile> newcomers, CancellationToken ct)
    {
        if (newcomers.Count > 0) unread.Begin(ct);
        if (waiting.Count == 0) return;
        var there = newcomers.Select(f => f.Stat.Identity).ToHashSet();
        foreach (var gone in waiting.Keys.Where(k => !there.Contains(k)).ToList()) waiting.Remove(gone);
    }

    /// <returns>What is to be read in it; null: nothing, for now.</returns>
    public TailedFile? Run(FoundFile found, bool fromEnd, CancellationToken ct)
    {
        var identity = found.Stat.Identity;
        var before = waiting.GetValueOrDefault(identity);
        if (before is not null && before.Stat != found.Stat) before = before with { Stat = found.Stat, Since = time.GetTimestamp(), IsSettled = false };
        else if (before is not null)
        {
            if (before.Problem is { } problem) problems.Add(problem);
            if (before.IsSettled || before.WaitsForCopied || (before.Identity is null && time.GetElapsedTime(before.Since) < CopyingTakes)) return null;
            if (before.Identity is null) before = before with { IsSettled = true };
        }
        waiting.Remove(identity);
        try
        {
            using var content = FileContent.Open(found, ct);
            if (content is null) return null;
            if (content is { IsGzip: true, Head.Length: 0, Fault: { } fault })
            {
                Wait(found, before, null, $"{found.Path} {fault}; it is tried again when it changes: pack it again, or exclude it.", isSettled: true);
                return null;
            }
            var file = Known(content, found, before, ct);
            if (file is null && !waiting.ContainsKey(identity) && unread.CopiedFrom(content, found) is { } original) Wait(found, before, original);
            if (waiting.ContainsKey(identity)) return null;
            if (file is null) known.Attach(file = new TailedFile { Path = found.Path }, identity);
            var isNew = file.Key is null;
            file.IsGzip = content.IsGzip;
            file.IsVerified = true;
            if (isNew)
            {
                file.Beginning = ContentMark.Of(content.Head);
                unread.Add(file, content.Head);
            }
            if (isNew && fromEnd) content.MoveToEnd(file, known);
            if (!content.IsGzip) known.Keep(file, content);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(found.Path, e);
            return null;
        }
    }

    TailedFile? Known(FileContent content, FoundFile found, WaitingFile? before, CancellationToken ct)
    {
        var folder = Path.GetDirectoryName(found.Path);
        foreach (var file in known.BeginningAs(content.Head).Where(f => f.Head.Length == ContentMark.MostBytes || Path.GetDirectoryName(f.Path) == folder).ToList())
        {
            if (file.IsLive)
            {
                if (!IsCopy(content, file, ct)) continue;
                Wait(found, before, file);
                return null;
            }
            var held = content.Holds(file, ct);
            if (held == Held.All)
            {
                if (!content.IsGzip && found.Stat.Size > file.Offset) file.IsEnded = false;
                return Continue(file, found);
            }
            if (held == Held.Other || file.LastIdentity == found.Stat.Identity) continue;
            if (before is not { IsSettled: true })
            {
                Wait(found, before, file);
                return null;
            }
            // Between the copy and the truncation more was written, and read; or what packs it has died.
            if (content is { IsGzip: true, Fault: { } fault })
            {
                Wait(found, before, file, $"{found.Path} {fault}; it is tried again when it changes: pack it again, or exclude it.", isSettled: true);
                return null;
            }
            if (content.IsGzip || file.DetachedAt == 0 || time.GetElapsedTime(file.DetachedAt) > CopyIsOf) continue;
            known.Move(file, found.Stat.Size, file.Head, content.Tail());
            return Continue(file, found);
        }
        return null;
    }

    TailedFile Continue(TailedFile file, FoundFile found)
    {
        known.Attach(file, found.Stat.Identity);
        (file.GrownAt, file.PackedBytes) = (0, 0);
        known.Change(file);
        return file;
    }

    static bool IsCopy(FileContent content, TailedFile file, CancellationToken ct)
    {
        if (content.IsGzip) return true; // it is not unpacked while what it is packed from stands
        if (file.IsGzip) return content.Holds(file, ct) != Held.Other;
        using var original = file.Handle is null ? FileStat.Open(file.Path) : null;
        if ((file.Handle ?? original) is { } open && FileStat.Of(open, file.Path) is var stat && stat.Identity == file.Identity)
        {
            if (content.IsBeginningOf(open, stat.Size)) return true;
            if (FileContent.IsSame(open, stat.Size, file)) return false;
        }
        file.IsSuspect = true; // it was truncated just now
        return true;
    }

    void Wait(FoundFile found, WaitingFile? before, TailedFile? of, string? problem = null, bool isSettled = false)
    {
        if (problem is not null) problems.Add(problem);
        waiting[found.Stat.Identity] = new WaitingFile(found.Stat, of, of?.Identity, before?.Since ?? time.GetTimestamp(), problem, isSettled);
    }

    /// <param name="Of">What it looks like a copy of.</param>
    /// <param name="Identity">Where that stood then; null: nowhere.</param>
    /// <param name="Since">When it last changed.</param>
    /// <param name="IsSettled">It is waited for no longer, but for a change.</param>
    sealed record WaitingFile(FileStat Stat, TailedFile? Of, FileIdentity? Identity, long Since, string? Problem, bool IsSettled)
    {
        public bool WaitsForCopied => Identity is { } there && Of!.Identity == there && !Of.IsSuspect;
    }
}
