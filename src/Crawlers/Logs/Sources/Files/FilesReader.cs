namespace Crawlers.Logs.Sources.Files;

/// <summary>Reads files that grow, are rotated, truncated, packed, moved and removed, each line once.</summary>
public sealed class FilesReader : ILogReader
{
    const int MostBytes = 4 * 1024 * 1024, LeastShare = 128 * 1024, MostRounds = 8;
    const string Seen = "seen"; // a key that no file can have

    // A program writes on into a file that was renamed, until it is told; when the new file has lines, it was.
    static readonly TimeSpan LooksEvery = TimeSpan.FromSeconds(1), LineIsWrittenWithin = TimeSpan.FromSeconds(3), EndsAfter = TimeSpan.FromSeconds(5), EndsAfterAtMost = TimeSpan.FromMinutes(1);

    readonly TimeProvider time;
    readonly KnownFiles known;
    readonly Problems problems = new();
    readonly FindFiles find;
    readonly ReadFile read;
    readonly Func<string, LogLabels> labelsOf;
    readonly bool fromEnd;
    bool isFirst = true, mustTellSeen;
    long lookedAt;
    int turn;
    byte[] buffer = [];

    /// <param name="positions">What earlier reads gave, committed; empty when the source was never read.</param>
    /// <param name="labelsOf">What the path of a file says about its lines; null: the settings' service.</param>
    public FilesReader(FilesSettings settings, IReadOnlyDictionary<string, string> positions, TimeProvider time, Func<string, LogLabels>? labelsOf = null)
    {
        this.time = time;
        var labels = new LogLabels(settings.Service);
        this.labelsOf = labelsOf ?? (_ => labels);
        known = new KnownFiles(time);
        foreach (var (key, json) in positions)
            if (FilePosition.FromJson(json) is { } position) known.Restore(key, position);
        mustTellSeen = !positions.ContainsKey(Seen);
        fromEnd = settings.StartAt == StartAt.End && positions.Count == 0;
        find = new FindFiles(settings, known, new PlaceFile(known, problems, time), problems, time);
        read = new ReadFile(known, time, this.labelsOf);
    }

    public string? Problem => problems.Words(known.Live.Select(f => f.Problem ?? (f.Fault is { } fault && fault.Size == f.Size ? fault.Words : null)).OfType<string>());

    public long BehindBytes => known.Live.Sum(f => f.BehindBytes);

    public ValueTask<LogRead> ReadAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (isFirst || time.GetElapsedTime(lookedAt) >= LooksEvery) Look(ct);
        else LookAtOpen();
        var chunks = new List<LogChunk>();
        End(chunks);
        for (var i = 0; i < MostRounds && ReadNews(chunks, ct) && chunks.Count == 0; i++) { } // what waits for another file, that held nothing new
        var positions = known.TakeChanges();
        if (mustTellSeen) positions[Seen] = """{"seen":true}""";
        mustTellSeen = false;
        return ValueTask.FromResult(chunks.Count == 0 && positions.Count == 0 ? LogRead.Nothing : new LogRead(chunks, positions));
    }

    public ValueTask DisposeAsync()
    {
        foreach (var file in known.Live) known.Close(file);
        return ValueTask.CompletedTask;
    }

    void Look(CancellationToken ct)
    {
        find.Run(fromEnd && isFirst, ct);
        isFirst = false;
        lookedAt = time.GetTimestamp();
    }

    void LookAtOpen()
    {
        foreach (var file in known.Live.Where(f => f is { Handle: not null, IsGzip: false }))
            Guard(file, () => file.See(FileStat.Of(file.Handle!, file.Path), time.GetTimestamp()));
    }

    /// <returns>False when nothing is there to be read.</returns>
    bool ReadNews(List<LogChunk> chunks, CancellationToken ct)
    {
        var pending = known.Live.Where(f => f.HasNews || (f.HeldBytes > 0 && IsSilent(f, LineIsWrittenWithin))).ToList();
        foreach (var file in pending)
            if (file.After is { HasNews: false } or { IsLive: false }) file.After = null;
        // Of packed files one is unpacked at a time: each would have to be begun again.
        var packed = pending.Where(f => f is { IsGzip: true, After: null }).OrderByDescending(f => f.Unpacked is not null).ThenBy(f => f.LastWrite).FirstOrDefault();
        pending.RemoveAll(f => f.After is not null || (f.IsGzip && f != packed));
        if (pending.Count == 0) return false;
        var share = Math.Max(LeastShare, MostBytes / pending.Count);
        var needed = pending.Sum(f => f.IsGzip ? share : Math.Clamp(f.BehindBytes + ContentMark.MostBytes + 2, ReadFile.LeastRoom, share));
        var size = (int)Math.Min(MostBytes, needed);
        if (buffer.Length < size) buffer = new byte[Math.Min(MostBytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size))];
        var used = 0;
        var first = turn++;
        for (var i = 0; i < pending.Count && buffer.Length - used >= ReadFile.LeastRoom; i++)
        {
            var file = pending[(int)(((uint)first + i) % pending.Count)];
            var room = buffer.AsMemory(used, Math.Min(buffer.Length - used, share));
            Guard(file, () => used += read.Run(file, room, takesRest: IsSilent(file, LineIsWrittenWithin), chunks, ct));
        }
        known.CloseSome();
        return true;
    }

    void End(List<LogChunk> chunks)
    {
        foreach (var file in known.Live.Where(f => f.IsAway || (!f.IsEnded && (f.IsGzip ? f.PackedBytes == f.Size : f.RotatedFrom is not null))).ToList())
        {
            if (!file.IsGzip && !HasEnded(file)) continue;
            Tell(file, chunks);
            if (file.IsAway) known.Detach(file);
        }
        foreach (var file in known.TakeDetached()) Tell(file, chunks);
    }

    bool HasEnded(TailedFile file) => file.IsSuspect ? file.IsAway
        : file is { HasNews: false, Problem: null, HeldBytes: 0 } && IsSilent(file, find.HasSuccessor(file) || file.Links == 0 ? EndsAfter : EndsAfterAtMost);

    void Tell(TailedFile file, List<LogChunk> chunks)
    {
        if (file.Key is null || file.IsEnded) return;
        file.IsEnded = true;
        known.Change(file);
        chunks.Add(new LogChunk(file.Key, default, labelsOf(file.Path), file.LastWrite, IsEnded: true));
    }

    bool IsSilent(TailedFile file, TimeSpan span) => file.GrownAt != 0 && time.GetElapsedTime(file.GrownAt) >= span;

    static void Guard(TailedFile file, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Problem = Problems.Of(file.Path, e);
        }
    }
}
