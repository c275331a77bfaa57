namespace Crawlers.Logs.Sources.Files;

/// <summary>Files of which nothing has been read yet, so that a copy that is there at the same time is not taken for another log.</summary>
sealed class UnreadFiles(KnownFiles known)
{
    const int Compared = 48, MostAlike = 32;
    readonly Dictionary<(string Stem, ContentMark Beginning), List<TailedFile>> files = [];

    public void Clean()
    {
        foreach (var (key, alike) in files.ToList())
            if (alike.RemoveAll(f => f.Offset > 0 || !f.IsLive) > 0 && alike.Count == 0) files.Remove(key);
    }

    public void Add(TailedFile file, FileContent content, FoundFile found)
    {
        if (content.IsGzip || KeyOf(content, found) is not { } key) return;
        if (!files.TryGetValue(key, out var alike)) files[key] = alike = [];
        if (alike.Count < MostAlike) alike.Add(file);
    }

    /// <returns>What it is a copy of; null: it is none, or it is what another is a copy of, which then waits.</returns>
    public TailedFile? CopiedFrom(FileContent content, FoundFile found)
    {
        if (KeyOf(content, found) is not { } key) return null;
        foreach (var file in files.GetValueOrDefault(key) ?? [])
        {
            if (file.Offset > 0 || !file.IsLive) continue;
            if (content.IsBeginningOf(file)) return file;
            if (content.GoesBeyond(file)) known.Detach(file);
        }
        return null;
    }

    static (string, ContentMark)? KeyOf(FileContent content, FoundFile found) =>
        content.Head.Length < Compared ? null : (found.Stem, ContentMark.Of(content.Head.AsSpan(0, Compared)));
}
