namespace Crawlers.Logs.Sources;

/// <summary>Reads the lines of one source from where it was left. For one thread.</summary>
public interface ILogReader : IAsyncDisposable
{
    /// <summary>What is there now, at most some megabytes; empty when nothing is. Never waits for more to come, never throws for what a source may do to it (see <see cref="Problem"/>).</summary>
    ValueTask<LogRead> ReadAsync(CancellationToken ct);

    /// <summary>What keeps it from reading all of the source, in words with the thing and the remedy; null while nothing does.</summary>
    string? Problem { get; }

    /// <summary>Bytes that are known to be there and have not been read.</summary>
    long BehindBytes { get; }
}
