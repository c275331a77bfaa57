namespace Engine.Database.Embedded;

/// <summary>
/// The end of what the server said at its last start, for an error message. The files are read as PostgreSQL's user, who owns
/// them: a link among them must not show what only root may read.
/// </summary>
public sealed class ServerSaid(PostgresFolder folder, RunProgram program)
{
    const int Lines = 15, MostBytes = 64 * 1024;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>First from the start log, then from the server's own.</summary>
    public async Task<string> RunAsync(CancellationToken ct)
    {
        var start = new FileInfo(folder.StartLog);
        if (!start.Exists) return "";
        var own = ServerLogs.Newest(folder).FirstOrDefault(f => f.LastWriteTimeUtc >= start.LastWriteTimeUtc);
        return await EndAsync(start.Name, ct) + (own is null ? "" : '\n' + await EndAsync(ServerLogs.Name(own), ct));
    }

    public static string LastLines(string text) => string.Join('\n', text.Trim().Split('\n').TakeLast(Lines));

    /// <param name="file">Below <see cref="PostgresFolder.Home"/>.</param>
    async Task<string> EndAsync(string file, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            return LastLines((await program.RunAsync("tail", folder.Home, ["-c", $"{MostBytes}", "--", file], patience.Token)).Output);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return ""; // no file that ends: a pipe in its place
        }
    }
}
