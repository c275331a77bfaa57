namespace Crawlers.Logs.Sources.Files;

/// <summary>Looks which files there are and which contents they hold: known ones in their old place, or moved, copied, packed, or new ones.</summary>
sealed class FindFiles(FilesSettings settings, KnownFiles known, PlaceFile place, Problems problems, TimeProvider time)
{
    const int MostFiles = 50_000;
    readonly Glob[] include = [.. settings.Paths.Select(p => new Glob(p))];
    readonly Glob[] exclude = [.. settings.Exclude.Where(p => p.Contains('/', StringComparison.Ordinal)).Select(p => new Glob(p))];
    readonly Glob[] excludeNames = [.. settings.Exclude.Where(p => !p.Contains('/', StringComparison.Ordinal)).Select(p => new Glob("/" + p))];
    Dictionary<string, (FileIdentity Identity, long Size)> paths = [];
    int look;

    /// <param name="fromEnd">What is there now counts as read.</param>
    public void Run(bool fromEnd, CancellationToken ct)
    {
        look++;
        problems.Clear();
        var newcomers = new List<FoundFile>();
        foreach (var found in Find())
        {
            ct.ThrowIfCancellationRequested();
            var file = known.At(found.Stat.Identity);
            if (file is not null && Continues(file, found, ct)) See(file, found);
            else
            {
                if (file is not null) known.Detach(file);
                newcomers.Add(found);
            }
        }
        foreach (var file in known.Live.Where(f => f.SeenIn != look).ToList()) Lose(file);
        place.Begin(newcomers, ct);
        var placed = new List<TailedFile>();
        foreach (var found in newcomers.OrderBy(f => f.Stat.LastWrite).ThenBy(f => f.Path, StringComparer.Ordinal))
        {
            ct.ThrowIfCancellationRequested();
            if (place.Run(found, fromEnd, ct) is not { } file) continue;
            See(file, found);
            placed.Add(file);
        }
        if (placed.Count > 0) Order(placed);
        known.CloseSome();
        known.Forget();
    }

    /// <summary>A new file has taken the place that this one had when it was written, and is written itself.</summary>
    public bool HasSuccessor(TailedFile file) => file.RotatedFrom is { } path && paths.TryGetValue(path, out var there) && there.Identity != file.Identity && there.Size > 0;

    static bool Continues(TailedFile file, FoundFile found, CancellationToken ct)
    {
        file.Problem = null;
        if (file is { IsVerified: true, IsSuspect: false } && file.Size == found.Stat.Size && file.LastWrite == found.Stat.LastWrite) return true;
        if (found.Stat.Size < (file.IsGzip ? file.PackedBytes : file.Offset)) return false;
        try
        {
            bool isSame;
            if (file.IsGzip || file.Handle is null || file.Offset == 0)
            {
                using var content = FileContent.Open(found, ct);
                if (content is null) return false;
                isSame = file.Offset == 0 ? file.Beginning.Matches(content.Head) : file.IsGzip ? file.Head.Matches(content.Head) : FileContent.IsSame(content.Handle, found.Stat.Size, file);
                if (isSame && file.Offset == 0) (file.Beginning, file.IsGzip) = (ContentMark.Of(content.Head), content.IsGzip);
            }
            else isSame = FileContent.IsSame(file.Handle, found.Stat.Size, file);
            file.IsVerified = isSame;
            if (isSame) file.IsSuspect = false;
            return isSame;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Problem = Problems.Of(found.Path, e);
            return true;
        }
    }

    void See(TailedFile file, FoundFile found)
    {
        file.SeenIn = look;
        file.IsAway = false;
        file.See(found.Stat, time.GetTimestamp());
        if (file.Path == found.Path) return;
        file.RotatedFrom ??= file.Path;
        file.Path = found.Path;
        known.Change(file);
    }

    // Open, it can be read to its end; and the program may go on writing it for a while.
    void Lose(TailedFile file)
    {
        if (file is { Handle: null } or { IsGzip: true })
        {
            known.Detach(file);
            return;
        }
        file.RotatedFrom ??= file.Path;
        file.IsAway = true;
        try
        {
            file.See(FileStat.Of(file.Handle, file.Path), time.GetTimestamp());
            file.Problem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Problem = Problems.Of(file.Path, e);
        }
    }

    List<FoundFile> Find()
    {
        var found = new Dictionary<FileIdentity, FoundFile>();
        paths = [];
        foreach (var glob in include)
            glob.Find(path => Take(path, found), (folder, e) => problems.Add($"the folder {folder}", e));
        return [.. found.Values];
    }

    bool Take(string path, Dictionary<FileIdentity, FoundFile> found)
    {
        if (exclude.Any(g => g.Matches(path)) || excludeNames.Any(g => g.Matches(Path.GetFileName(path)))) return true;
        try
        {
            if (FileStat.Of(path) is not { IsRegular: true } stat) return true;
            paths[path] = (stat.Identity, stat.Size);
            if (!found.TryGetValue(stat.Identity, out var other) || (known.At(stat.Identity)?.Path == path && other.Path != path)) found[stat.Identity] = new FoundFile(path, stat);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(path, e);
        }
        if (found.Count < MostFiles) return true;
        problems.Add($"More than {MostFiles} files match {string.Join(", ", settings.Paths)}, the others are not read: narrow the paths or exclude some.");
        return false;
    }

    // New files are read after that which had their name, or was rotated before them: app.log.1 before app.log, when both are as old.
    void Order(List<TailedFile> placed)
    {
        var lastOf = new Dictionary<string, TailedFile>();
        var isPlaced = placed.ToHashSet();
        foreach (var file in known.Live.Where(f => f.HasNews && !isPlaced.Contains(f)).OrderBy(f => f.LastWrite))
        {
            lastOf[FoundFile.StemOf(file.Path)] = file;
            if (file.RotatedFrom is { } path) lastOf[path] = file;
        }
        foreach (var file in placed.OrderBy(f => f.LastWrite).ThenByDescending(f => f.Path, StringComparer.Ordinal))
        {
            var stem = FoundFile.StemOf(file.Path);
            file.After = lastOf.GetValueOrDefault(file.Path) ?? lastOf.GetValueOrDefault(stem);
            for (var before = file.After; before is not null; before = before.After)
                if (before == file) file.After = null; // in a circle nobody would be read
            lastOf[stem] = file;
        }
    }
}

/// <summary>A regular file that a pattern leads to.</summary>
sealed record FoundFile(string Path, FileStat Stat)
{
    /// <summary>What all files of a log have in common: app.log of app.log, app.log.1 and app.log-20260301.gz.</summary>
    public string Stem => StemOf(Path);

    public static string StemOf(string path)
    {
        var stem = path.AsSpan();
        if (stem.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) stem = stem[..^3];
        return stem.TrimEnd("0123456789-._T").ToString();
    }
}
