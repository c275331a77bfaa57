using System.Text;
using Crawlers.Logs.Sources;
using Crawlers.Logs.Sources.Files;
using Support;

namespace Crawlers.Tests.Logs.Sources.Files;

/// <summary>Files in a folder of the test's own, and a reader of them whose positions are kept as the engine keeps them.</summary>
sealed class Tail : IAsyncDisposable
{
    readonly TempFolder folder = new();
    readonly FilesSettings settings;
    readonly Func<string, LogLabels>? labelsOf;
    FilesReader reader;

    public Tail(params string[] patterns) : this(new FilesSettings { Paths = patterns }) { }

    /// <param name="settings">Paths that are not absolute lie in the folder.</param>
    public Tail(FilesSettings settings, Func<string, LogLabels>? labelsOf = null)
    {
        this.labelsOf = labelsOf;
        this.settings = settings with { Paths = [.. settings.Paths.Select(In)], Exclude = [.. settings.Exclude.Select(e => e.Contains('/') ? In(e) : e)] };
        reader = New();
    }

    public ManualTime Time { get; } = new();

    public Dictionary<string, string> Positions { get; private set; } = [];

    public string Folder => folder.Path;

    public string? Problem => reader.Problem;

    public long BehindBytes => reader.BehindBytes;

    public string In(string name) => Path.Combine(folder.Path, name);

    public void Append(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(name))!);
        File.AppendAllText(In(name), text);
    }

    public void Append(string name, byte[] bytes)
    {
        using var file = new FileStream(In(name), FileMode.Append);
        file.Write(bytes);
    }

    /// <summary>Runs a line of shell in the folder, as logrotate would.</summary>
    public void Shell(string line) => ShellLine.Run(folder.Path, line);

    /// <summary>One read, a second after the last; its positions are committed.</summary>
    public async Task<LogRead> ReadOnceAsync(bool commits = true, TimeSpan? after = null)
    {
        Time.Advance(after ?? TimeSpan.FromSeconds(1));
        var read = await reader.ReadAsync(CancellationToken.None);
        foreach (var (key, json) in commits ? read.Positions : new Dictionary<string, string?>())
            if (json is null) Positions.Remove(key);
            else Positions[key] = json;
        return read;
    }

    /// <summary>All lines that are there now.</summary>
    public async Task<string[]> LinesAsync(bool commits = true) => [.. (await ChunksAsync(commits)).SelectMany(c => c.Lines)];

    /// <summary>Reads until nothing comes.</summary>
    public async Task<List<Given>> ChunksAsync(bool commits = true)
    {
        var given = new List<Given>();
        for (var read = await ReadOnceAsync(commits); read.Chunks.Count > 0; read = await ReadOnceAsync(commits, TimeSpan.FromMilliseconds(1))) given.AddRange(Given.Of(read));
        return given;
    }

    /// <summary>The process dies, and another goes on from what was committed.</summary>
    public async Task RestartAsync()
    {
        await reader.DisposeAsync();
        reader = New();
    }

    public async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        folder.Dispose();
    }

    FilesReader New() => new(settings, new Dictionary<string, string>(Positions), Time, labelsOf);
}

/// <summary>A chunk, copied: the reader uses its memory again.</summary>
sealed record Given(string Part, string[] Lines, LogLabels Labels, bool IsEnded, long DroppedBytes)
{
    public static IEnumerable<Given> Of(LogRead read) => read.Chunks.Select(Of);

    public static Given Of(LogChunk chunk)
    {
        var text = Encoding.Latin1.GetString(chunk.Lines.Span);
        Assert.True(text.Length == 0 || text[^1] == '\n', "lines end with LF");
        Assert.InRange(chunk.Part.Length, 1, 200);
        return new Given(chunk.Part, text.Length == 0 ? [] : text[..^1].Split('\n'), chunk.Labels, chunk.IsEnded, chunk.DroppedBytes);
    }
}
