using System.Diagnostics;
using Chaos.Kinds;
using Chaos.Recorded;
using Dapper;
using Engine.Tasks;
using Npgsql;

namespace Chaos.Driving;

/// <summary>
/// The people: decide at gates, sometimes two at a time and against each other, sometimes too late, for an opening that is long
/// over, or before the task asks.
/// </summary>
public sealed class DecideGates(EngineParts parts, NpgsqlDataSource superuser, HistoryFile history, int seed)
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(300), Late = TimeSpan.FromMilliseconds(700);

    const string OpenSql = "select task_id, gate, epoch from task_gated order by task_id limit 50";

    const string EarlySql = """
        select r.task_id from task_ready r join task_lanes l on l.lane_id = r.lane_id where l.kind = @kind and r.epoch = 0 limit 1
        """;

    readonly Random random = new(seed);

    /// <summary>From now on nobody dawdles.</summary>
    public bool IsHurried { get; set; }

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await PassAsync(ct);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                // the database is away, or the run is over
            }
            await Task.Delay(Every, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task PassAsync(CancellationToken ct)
    {
        Opening[] open;
        Guid? early;
        await using (var connection = await superuser.OpenConnectionAsync(ct))
        {
            open = [.. await connection.QueryAsync<Opening>(new CommandDefinition(OpenSql, cancellationToken: ct))];
            early = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(EarlySql, new { kind = ChaosKinds.Gate }, cancellationToken: ct));
        }
        if (early is { } task && random.Next(4) == 0) await DecideAsync(task, GateHandler.Gate, null, Word(), "early", ct);
        foreach (var gate in open.Where(_ => IsHurried || random.Next(3) > 0)) await DecideAsync(gate, ct);
    }

    Task DecideAsync(Opening gate, CancellationToken ct)
    {
        Task One(string by, long? epoch, string? word = null) => DecideAsync(gate.TaskId, gate.Gate, epoch, word ?? Word(), by, ct);
        return random.Next(5) switch
        {
            0 => Task.WhenAll(One("ann", gate.Epoch, "approved"), One("bob", gate.Epoch, "rejected"), One("cyd", gate.Epoch)),
            1 => TwoAsync(() => One("ann", gate.Epoch), () => One("bob", gate.Epoch)),
            2 => TwoAsync(() => One("late", gate.Epoch - 1), () => One("ann", gate.Epoch)),
            3 => One("ann", null),
            _ => One("ann", gate.Epoch),
        };

        async Task TwoAsync(Func<Task> first, Func<Task> second)
        {
            await first();
            if (!IsHurried) await Task.Delay(Late, ct);
            await second();
        }
    }

    async Task DecideAsync(Guid taskId, string gate, long? epoch, string word, string by, CancellationToken ct)
    {
        var sentAt = Stopwatch.GetTimestamp();
        Commit commit;
        string said;
        try
        {
            var outcome = await parts.Get<DecideGate>().RunAsync(new NewDecision(taskId, gate, epoch, word, by), ct);
            (commit, said) = (outcome is DecisionOutcome.Taken ? Commit.Done : Commit.Refused, $"{outcome}");
        }
        catch (Exception e) // whatever went wrong: whether it counts is not known
        {
            (commit, said) = (Commit.Unknown, e.Message);
        }
        history.Add(new RecordedDecision("decide", taskId, gate, epoch, word, by, sentAt, Stopwatch.GetTimestamp(), commit, said));
    }

    string Word() => random.Next(4) == 0 ? "rejected" : "approved";

    sealed record Opening(Guid TaskId, string Gate, long Epoch);
}
