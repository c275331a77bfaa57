namespace Crawlers.Logs.Sources.Files;

/// <summary>Files of which nothing has been read yet, so that a copy that is there at the same time is not taken for another log.</summary>
sealed class UnreadFiles(KnownFiles known)
{
    const int Compared = 48, MostAlike = 32;
    readonly Dictionary<(string? Folder, ContentMark Beginning), List<(TailedFile File, byte[] Head)>> files = [];

    /// <summary>Looks through the files that are known and unread.</summary>
    public void Begin(CancellationToken ct)
    {
        files.Clear();
        foreach (var file in known.Live.Where(f => f is { Offset: 0, Size: > 0 }))
        {
            try
            {
                if (file is { Handle: { } handle, IsGzip: false }) Add(file, FileContent.Read(handle, 0, ContentMark.MostBytes));
                else if (FileStat.Of(file.Path) is { } stat && stat.Identity == file.Identity)
                {
                    using var content = FileContent.Open(new FoundFile(file.Path, stat), ct);
                    if (content is not null) Add(file, content.Head);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                file.Problem = Problems.Of(file.Path, e);
            }
        }
    }

    public void Add(TailedFile file, byte[] head)
    {
        if (KeyOf(file.Path, head) is not { } key) return;
        if (!files.TryGetValue(key, out var alike)) files[key] = alike = [];
        if (alike.Count < MostAlike) alike.Add((file, head));
    }

    /// <returns>What it is a copy of; null: it is none, or it is what another is a copy of, which then waits.</returns>
    public TailedFile? CopiedFrom(FileContent content, FoundFile found)
    {
        if (KeyOf(found.Path, content.Head) is not { } key) return null;
        foreach (var (file, head) in files.GetValueOrDefault(key) ?? [])
        {
            if (file.Offset > 0 || !file.IsLive) continue;
            if (file.IsGzip || content.IsGzip ? BeginAlike(content.Head, head) : content.IsBeginningOf(file)) return file;
            if (!file.IsGzip && content.GoesBeyond(file)) known.Detach(file);
        }
        return null;
    }

    static bool BeginAlike(byte[] head, byte[] other)
    {
        var length = Math.Min(head.Length, other.Length);
        return head.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length));
    }

    // By the first line, or how it begins: a part of a line is none yet.
    static (string?, ContentMark)? KeyOf(string path, ReadOnlySpan<byte> head)
    {
        var first = head[..Math.Min(head.Length, Compared)];
        if (first.IndexOf((byte)'\n') is >= 0 and var end) first = first[..(end + 1)];
        else if (first.Length < Compared) return null;
        return (Path.GetDirectoryName(path), ContentMark.Of(first));
    }
}
