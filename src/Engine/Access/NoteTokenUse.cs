using System.Collections.Concurrent;
using Dapper;
using Engine.Faults;
using Npgsql;

namespace Engine.Access;

/// <summary>Keeps "last used" of tokens without a write for each request: noted in memory, written together every half minute.</summary>
public sealed class NoteTokenUse(NpgsqlDataSource database, TimeProvider time, ILogger<NoteTokenUse> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    readonly ConcurrentDictionary<Guid, DateTimeOffset> noted = new();

    public void Note(Guid tokenId)
    {
        var now = time.GetUtcNow();
        if (!noted.TryGetValue(tokenId, out var before) || now - before > TimeSpan.FromSeconds(1)) noted[tokenId] = now;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await RunOnceAsync(stoppingToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await RunOnceAsync(CancellationToken.None); // the last notes, however long the stop has taken so far
    }

    /// <returns>How many tokens' times were written.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var taken = noted.ToArray();
        if (taken.Length == 0) return 0;
        try
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            var written = await connection.ExecuteAsync(new CommandDefinition("""
                update api_tokens t set last_used_at = used.at
                from unnest(@ids, @times) as used (token_id, at)
                where t.token_id = used.token_id and (t.last_used_at is null or t.last_used_at < used.at)
                """, new { ids = taken.Select(t => t.Key).ToArray(), times = taken.Select(t => t.Value.UtcDateTime).ToArray() },
                cancellationToken: ct));
            foreach (var note in taken) noted.TryRemove(note);
            return written;
        }
        catch (Exception e) when (Fault.Of(e, ct) != FaultKind.Cancelled)
        {
            log.UseNotWritten(e); // the notes stay for the next pass
            return 0;
        }
    }
}
