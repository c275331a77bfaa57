using Chaos.Plans;
using Dapper;
using Npgsql;
using Support;
using Support.Proxy;

namespace Chaos.Driving;

/// <summary>Carries out the steps that do something to engines or to the database, and takes it back.</summary>
public sealed class DoFaults(Fleet fleet, DurableCluster cluster, NpgsqlDataSource superuser, TcpProxy driverProxy, ErrorInjection errors)
{
    static readonly TimeSpan BetweenStorms = TimeSpan.FromMilliseconds(200);

    const string EndSessionsSql = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('engine', 'engine_owner') and pid <> pg_backend_pid()";

    const string ModeSql = "update task_engine set mode = @mode, changed_at = clock_timestamp(), changed_by = 'chaos'";

    public async Task RunAsync(Step step, CancellationToken ct)
    {
        switch (step)
        {
            case Step.Kill kill:
                await fleet[kill.Worker].KillAsync();
                break;
            case Step.Freeze freeze:
                fleet[freeze.Worker].Signal("STOP");
                await Task.Delay(freeze.For, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                fleet[freeze.Worker].Signal("CONT");
                break;
            case Step.Terminate terminate:
                fleet[terminate.Worker].Signal("TERM");
                if (!terminate.Twice) break;
                await Task.Delay(BetweenStorms, ct);
                fleet[terminate.Worker].Signal("TERM");
                break;
            case Step.Roll:
                for (var i = 0; i < fleet.Count; i++) await fleet[i].StopAsync(); // the fleet starts it again
                break;
            case Step.RestartDatabase restart:
                await cluster.RestartImmediatelyAsync(restart.Away, ct);
                break;
            case Step.EndSessions storm:
                await StormAsync(storm.For, ct);
                break;
            case Step.HoldSnapshot hold:
                await HoldAsync(hold.For, ct);
                break;
            case Step.SkewClock skew:
                fleet[fleet.Count - 1].SkewClock(skew.By);
                break;
            case Step.InjectErrors inject:
                await errors.ArmAsync(inject.Table, inject.SqlState, inject.Count, ct);
                break;
            case Step.Pause pause:
                await ModeAsync("paused", ct);
                await Task.Delay(pause.For, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await ModeAsync("running", CancellationToken.None);
                break;
            default:
                await OnTheLineAsync(step, ct);
                break;
        }
    }

    /// <summary>Nothing is wrong any more, whatever was.</summary>
    public async Task HealAsync(CancellationToken ct)
    {
        driverProxy.Heal();
        for (var i = 0; i < fleet.Count; i++)
        {
            fleet[i].Proxy.Heal();
            fleet[i].Signal("CONT");
        }
        await errors.DisarmAsync(ct);
        await ModeAsync("running", ct);
    }

    async Task OnTheLineAsync(Step step, CancellationToken ct)
    {
        switch (step)
        {
            case Step.Cut cut:
                fleet[cut.Worker].Proxy.Cut();
                break;
            case Step.LoseCommit lose:
                (lose.Worker < 0 ? driverProxy : fleet[lose.Worker].Proxy).TrapCommit(lose.SqlPart, lose.ReachesServer);
                break;
            case Step.Slow slow:
                var slowed = fleet[slow.Worker].Proxy;
                slowed.ToServer.Delay(slow.By);
                await EndAfterAsync(slow.For, slowed, ct);
                break;
            case Step.Partition partition:
                var parted = fleet[partition.Worker].Proxy;
                foreach (var direction in Directions(parted, partition.Way))
                    if (partition.Drops) direction.Drop();
                    else direction.Hold();
                await EndAfterAsync(partition.For, parted, ct);
                break;
            case Step.DeafenListener deafen:
                var deaf = fleet[deafen.Worker].Proxy;
                deaf.ToClient.Drop(c => c.HasSent("listen engine_tasks"));
                await EndAfterAsync(deafen.For, deaf, ct);
                break;
        }
    }

    static async Task EndAfterAsync(TimeSpan time, TcpProxy proxy, CancellationToken ct)
    {
        await Task.Delay(time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        proxy.Heal();
    }

    static IEnumerable<ProxyDirection> Directions(TcpProxy proxy, string way) => way switch
    {
        "to_server" => [proxy.ToServer], "to_client" => [proxy.ToClient], _ => [proxy.ToServer, proxy.ToClient],
    };

    async Task StormAsync(TimeSpan time, CancellationToken ct)
    {
        for (var spent = TimeSpan.Zero; spent < time; spent += BetweenStorms)
        {
            await using (var connection = await superuser.OpenConnectionAsync(ct)) await connection.ExecuteAsync(EndSessionsSql);
            await Task.Delay(BetweenStorms, ct);
        }
    }

    async Task HoldAsync(TimeSpan time, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        await connection.ExecuteScalarAsync<long>("select count(*) from task_ready", transaction: transaction);
        await Task.Delay(time, ct);
    }

    async Task ModeAsync(string mode, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ModeSql, new { mode }, cancellationToken: ct));
    }
}
