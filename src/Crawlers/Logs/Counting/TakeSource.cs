using System.Diagnostics;
using System.Globalization;
using Dapper;
using Npgsql;

namespace Crawlers.Logs.Counting;

/// <summary>
/// Takes a source for this process, so that two never read it at once. Each taking raises the epoch, and a commit under an older one changes nothing; so a
/// source may be taken at once from a process of this host that is gone.
/// </summary>
public sealed class TakeSource(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>How long a source stays taken without a commit.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    const string AddSql = "insert into log_crawls (source_id) values (@sourceId) on conflict (source_id) do nothing";

    const string HolderSql = "select holder from log_crawls where source_id = @sourceId";

    const string TakeSql = """
        update log_crawls set epoch = epoch + 1, holder = @me, lease_until = @until
        where source_id = @sourceId and (lease_until is null or lease_until < @now or holder = @me or holder = @gone)
        returning epoch
        """;

    const string PositionsSql = "select key, position::text from log_positions where source_id = @sourceId";

    const string CarriesSql = "select part, state from log_carries where source_id = @sourceId";

    const string TellSql = "update log_crawls set problem = @problem where source_id = @sourceId";

    const string LeaveSql = "update log_crawls set holder = null, lease_until = null where source_id = @sourceId and epoch = @epoch";

    static readonly string Me = Name(Environment.MachineName, Environment.ProcessId);

    /// <returns>Null while another process has it.</returns>
    public async Task<TakenSource?> RunAsync(int sourceId, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(AddSql, new { sourceId }, cancellationToken: ct));
        var holder = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(HolderSql, new { sourceId }, cancellationToken: ct));
        var epoch = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(TakeSql,
            new { sourceId, now, until = now + Lease, me = Me, gone = holder is not null && IsGone(holder) ? holder : null }, cancellationToken: ct));
        return epoch is null ? null : await ReadAsync(connection, sourceId, epoch, ct);
    }

    /// <summary>A source that is nobody's: several processes count in it at once.</summary>
    public async Task<TakenSource> ShareAsync(int sourceId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(AddSql, new { sourceId }, cancellationToken: ct));
        return await ReadAsync(connection, sourceId, null, ct);
    }

    /// <summary>Why nobody can read it.</summary>
    public async Task TellAsync(int sourceId, string problem, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(TellSql, new { sourceId, problem = StoredText.Of(problem, 2000) }, cancellationToken: ct));
    }

    /// <summary>Others need not wait for the lease to run out.</summary>
    public async Task LeaveAsync(int sourceId, long epoch, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LeaveSql, new { sourceId, epoch }, cancellationToken: ct));
    }

    static async Task<TakenSource> ReadAsync(NpgsqlConnection connection, int sourceId, long? epoch, CancellationToken ct)
    {
        var positions = await connection.QueryAsync<(string Key, string Position)>(new CommandDefinition(PositionsSql, new { sourceId }, cancellationToken: ct));
        var carries = epoch is null ? [] : await connection.QueryAsync<(string Part, byte[] State)>(new CommandDefinition(CarriesSql, new { sourceId }, cancellationToken: ct));
        return new TakenSource(epoch, positions.ToDictionary(p => p.Key, p => p.Position), carries.ToDictionary(c => c.Part, c => c.State));
    }

    static string Name(string host, int process) => string.Create(CultureInfo.InvariantCulture, $"{host}/{process}/{Started(process)}");

    static bool IsGone(string holder) =>
        holder.Split('/') is [var host, var process, _] && host == Environment.MachineName && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Name(host, id) != holder;

    /// <returns>When the process began, by which a number that is used again is told apart; 0 when there is none.</returns>
    static long Started(int process)
    {
        try
        {
            using var running = Process.GetProcessById(process);
            return new DateTimeOffset(running.StartTime).ToUnixTimeSeconds();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception) // it is gone, or nobody's to look at
        {
            return 0;
        }
    }
}

/// <param name="Epoch">Null: shared.</param>
/// <param name="Positions">By the reader's key.</param>
/// <param name="Carries">By part: what was open in it.</param>
public sealed record TakenSource(long? Epoch, IReadOnlyDictionary<string, string> Positions, IReadOnlyDictionary<string, byte[]> Carries);
