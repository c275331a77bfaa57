using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Crawlers.Logs.Sources.Files;

/// <summary>All contents that are read or were read, by where they lie and by how they begin; of those that lie nowhere any more the newest.</summary>
sealed class KnownFiles(TimeProvider time)
{
    public const int MostOpen = 200;
    const int MostFinished = 10_000;
    static readonly TimeSpan RemembersFinished = TimeSpan.FromDays(30), ForgetsEvery = TimeSpan.FromMinutes(1);

    readonly Dictionary<FileIdentity, TailedFile> live = [];
    readonly Dictionary<string, TailedFile> byKey = [];
    readonly Dictionary<ContentMark, HashSet<TailedFile>> byHead = [];
    readonly Dictionary<int, int> headLengths = [];
    readonly HashSet<TailedFile> changed = [];
    readonly HashSet<TailedFile> detached = [];
    readonly HashSet<string> forgotten = [];
    long forgotAt;

    public IReadOnlyCollection<TailedFile> Live => live.Values;

    public IReadOnlyCollection<TailedFile> Read => byKey.Values;

    public int OpenCount { get; private set; }

    public TailedFile? At(FileIdentity identity) => live.GetValueOrDefault(identity);

    /// <summary>Takes back what was kept of it.</summary>
    public void Restore(string key, FilePosition position)
    {
        var file = TailedFile.Of(key, position);
        byKey[key] = file;
        PutHead(file);
        if (file.Identity is not { } identity)
        {
            if (!file.IsEnded) detached.Add(file);
            return;
        }
        if (live.TryGetValue(identity, out var other))
        {
            var older = other.ReadAt < file.ReadAt ? other : file;
            older.Identity = null;
            if (older == file) return;
        }
        live[identity] = file;
    }

    /// <summary>From now on the file holds this content.</summary>
    public void Attach(TailedFile file, FileIdentity identity)
    {
        Detach(file);
        file.Identity = identity;
        live[identity] = file;
        detached.Remove(file);
    }

    /// <summary>No file holds it any more, as far as is known.</summary>
    public void Detach(TailedFile file)
    {
        Close(file);
        if (file.Identity is { } identity && live.GetValueOrDefault(identity) == file) live.Remove(identity);
        if (file is { Key: not null, IsEnded: false }) detached.Add(file);
        if (file.Identity is not null) (file.LastIdentity, file.DetachedAt) = (file.Identity, time.GetTimestamp());
        (file.Identity, file.IsAway, file.IsVerified, file.IsSuspect, file.After, file.HeldBytes, file.Problem, file.Fault) = (null, false, false, false, null, 0, null, null);
    }

    /// <summary>Contents that lie nowhere any more, and have not been told to have ended.</summary>
    public List<TailedFile> TakeDetached()
    {
        List<TailedFile> taken = [.. detached];
        detached.Clear();
        return taken;
    }

    /// <summary>Keeps a handle open, while not too many are.</summary>
    public void Keep(TailedFile file, FileContent content)
    {
        if (file.Handle is not null || OpenCount >= MostOpen) return;
        OpenCount++;
        file.Handle = content.TakeHandle();
    }

    /// <summary>What is to be kept of it is not what it was.</summary>
    public void Change(TailedFile file)
    {
        if (file.Offset > 0) changed.Add(file);
    }

    /// <summary>What of it was read ends elsewhere now.</summary>
    public void Move(TailedFile file, long offset, ContentMark head, ContentMark tail)
    {
        file.Offset = offset;
        file.Tail = tail;
        file.HeldBytes = 0;
        file.ReadAt = time.GetUtcNow();
        if (head != file.Head)
        {
            TakeHead(file);
            file.Head = head;
            PutHead(file);
        }
        if (file.Key is null)
        {
            file.Key = NameFor(file);
            byKey[file.Key] = file;
            forgotten.Remove(file.Key);
        }
        changed.Add(file);
    }

    /// <summary>Contents that begin as these bytes do, that which was read furthest first.</summary>
    public IEnumerable<TailedFile> BeginningAs(byte[] head) => headLengths.Keys.Where(length => length <= head.Length)
        .SelectMany(length => byHead.GetValueOrDefault(ContentMark.Of(head.AsSpan(0, length))) ?? [])
        .OrderByDescending(f => f.Offset).ThenBy(f => f.Key, StringComparer.Ordinal);

    /// <summary>Opens the file at its path, if it is still the same there; null when it is not.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public SafeFileHandle? Open(TailedFile file)
    {
        if (file.Handle is { } open) return open;
        var handle = FileStat.Open(file.Path);
        if (handle is null) return null;
        if (FileStat.Of(handle, file.Path).Identity != file.Identity)
        {
            handle.Dispose();
            return null;
        }
        OpenCount++;
        return file.Handle = handle;
    }

    public void Close(TailedFile file)
    {
        if (file.Handle is not null) OpenCount--;
        file.Close();
    }

    /// <summary>Keeps few files open: those that something is expected of.</summary>
    public void CloseSome()
    {
        if (OpenCount <= MostOpen) return;
        foreach (var file in live.Values.Where(f => f.Handle is not null && !f.IsAway).OrderBy(f => f.GrownAt).ToList())
        {
            if (OpenCount <= MostOpen / 2) return;
            Close(file);
        }
    }

    /// <summary>What has changed since it was last asked, in the form in which it is kept.</summary>
    public Dictionary<string, string?> TakeChanges()
    {
        var positions = new Dictionary<string, string?>();
        foreach (var key in forgotten) positions[key] = null;
        foreach (var file in changed) positions[file.Key!] = file.ToPosition().ToJson();
        forgotten.Clear();
        changed.Clear();
        return positions;
    }

    /// <summary>Lets go of finished contents that are too many or too old.</summary>
    public void Forget()
    {
        if (byKey.Count - live.Count <= MostFinished && forgotAt != 0 && time.GetElapsedTime(forgotAt) < ForgetsEvery) return;
        forgotAt = time.GetTimestamp();
        var oldest = time.GetUtcNow() - RemembersFinished;
        var finished = byKey.Values.Where(f => !f.IsLive).OrderByDescending(f => f.ReadAt).ThenBy(f => f.Key, StringComparer.Ordinal);
        foreach (var file in finished.Where((f, i) => i >= MostFinished || f.ReadAt < oldest).ToList())
        {
            TakeHead(file);
            byKey.Remove(file.Key!);
            changed.Remove(file);
            forgotten.Add(file.Key!);
        }
    }

    // Stays with the content: through renames, compression and restarts.
    string NameFor(TailedFile file)
    {
        var name = Path.GetFileName(file.Path);
        var from = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{file.Identity?.Device}:{file.Identity?.Inode}:{file.Head.Length}:{file.Head.Hash}"));
        var key = $"{(name.Length > 80 ? name[..80] : name)}@{Convert.ToHexStringLower(SHA256.HashData(from).AsSpan(0, 8))}";
        var unique = key;
        for (var i = 2; byKey.ContainsKey(unique); i++) unique = $"{key}-{i}";
        return unique;
    }

    void PutHead(TailedFile file)
    {
        if (file.Head.Length == 0) return;
        if (!byHead.TryGetValue(file.Head, out var files))
        {
            byHead[file.Head] = files = [];
            headLengths[file.Head.Length] = headLengths.GetValueOrDefault(file.Head.Length) + 1;
        }
        files.Add(file);
    }

    void TakeHead(TailedFile file)
    {
        if (!byHead.TryGetValue(file.Head, out var files)) return;
        files.Remove(file);
        if (files.Count > 0) return;
        byHead.Remove(file.Head);
        if (--headLengths[file.Head.Length] == 0) headLengths.Remove(file.Head.Length);
    }
}
