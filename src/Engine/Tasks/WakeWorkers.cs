using System.Globalization;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Engine.Tasks;

/// <summary>
/// Tells workers that there is something to claim: a hint, never the truth. At most one notification in 10 ms leaves this
/// process; what comes in between is told at their end. Workers of this process are told without the database.
/// </summary>
public sealed class WakeWorkers(NpgsqlDataSource database, TimeProvider time, ILogger<WakeWorkers> log)
{
    public const string Channel = "engine_tasks";
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    readonly Lock guard = new();
    readonly HashSet<int> postponed = [];
    long lastSent;
    bool isScheduled;

    /// <summary>Raised in this process, with the lanes that got something.</summary>
    public event Action<IReadOnlyCollection<int>>? Woken;

    /// <returns>What to send with the filing; empty when one left a moment ago.</returns>
    public WakeHint Hint(IEnumerable<int> lanes)
    {
        int[] distinct = [.. lanes.Distinct()];
        lock (guard)
        {
            if (distinct.Length == 0) return new WakeHint([], false);
            if (lastSent != 0 && time.GetElapsedTime(lastSent) < Pause) return new WakeHint(distinct, false);
            lastSent = time.GetTimestamp();
            return new WakeHint(distinct, true);
        }
    }

    /// <summary>To be called once the filing is committed.</summary>
    public void After(WakeHint hint)
    {
        if (hint.Lanes.Count == 0) return;
        Woken?.Invoke(hint.Lanes);
        if (!hint.IsSent) Postpone(hint.Lanes);
    }

    /// <summary>In somebody's transaction, at whose commit PostgreSQL sends it.</summary>
    public async Task InTransactionAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IEnumerable<int> lanes, CancellationToken ct)
    {
        int[] distinct = [.. lanes.Distinct()];
        if (distinct.Length > 0)
            await connection.ExecuteAsync(new CommandDefinition("select pg_notify(@Channel, @text)", new { Channel, text = WakeHint.Text(distinct) }, transaction, cancellationToken: ct));
    }

    void Postpone(IReadOnlyCollection<int> lanes)
    {
        lock (guard)
        {
            postponed.UnionWith(lanes);
            if (isScheduled) return;
            isScheduled = true;
        }
        _ = SendPostponedAsync();
    }

    async Task SendPostponedAsync()
    {
        await Task.Delay(Pause, time);
        int[] lanes;
        lock (guard)
        {
            lanes = [.. postponed];
            postponed.Clear();
            isScheduled = false;
            lastSent = time.GetTimestamp();
        }
        try
        {
            await using var connection = await database.OpenConnectionAsync();
            await connection.ExecuteAsync("select pg_notify(@Channel, @text)", new { Channel, text = WakeHint.Text(lanes) });
        }
        catch (Exception e)
        {
            log.HintLost(e); // workers look every second anyway
        }
    }
}

/// <param name="Lanes">The lanes that got something.</param>
/// <param name="IsSent">It goes out with the filing's own transaction.</param>
public sealed record WakeHint(IReadOnlyList<int> Lanes, bool IsSent)
{
    const int MostNamed = 200;

    /// <summary>The command to add to the filing's batch; null when there is nothing to send.</summary>
    public NpgsqlBatchCommand? Command() => !IsSent ? null : new NpgsqlBatchCommand("select pg_notify($1, $2)")
    {
        Parameters = { new() { Value = WakeWorkers.Channel, NpgsqlDbType = NpgsqlDbType.Text }, new() { Value = Text(Lanes), NpgsqlDbType = NpgsqlDbType.Text } },
    };

    /// <summary>The lanes by number, or <c>*</c> for many.</summary>
    public static string Text(IReadOnlyList<int> lanes) =>
        lanes.Count > MostNamed ? "*" : string.Join(',', lanes.Select(l => l.ToString(CultureInfo.InvariantCulture)));
}
