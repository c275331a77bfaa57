using System.Collections.Concurrent;
using System.Diagnostics;
using Chaos.Kinds;
using Chaos.Plans;
using Chaos.Recorded;
using Chaos.World;
using Dapper;
using Npgsql;
using Support;
using Support.Proxy;

namespace Chaos.Driving;

/// <summary>Runs one plan against real engines on a real PostgreSQL, heals everything, waits until all is done, and hands out the history.</summary>
/// <param name="folder">Where logs and history go.</param>
public sealed class Driver(Plan plan, string folder, Action<string> say)
{
    static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(250);

    readonly Disturbance disturbance = new();
    readonly ConcurrentDictionary<Task, byte> underWay = [];
    DurableCluster cluster = null!;
    WatchQueue watch = null!;
    Fleet fleet = null!;
    DoFaults faults = null!;
    FileWork file = null!;
    Intervene intervene = null!;
    DecideGates decide = null!;

    /// <summary>What goes on now, for a line on a terminal.</summary>
    public string Status { get; private set; } = "starting PostgreSQL";

    /// <summary>What the engines ended with that did not end well in the end.</summary>
    public IReadOnlyDictionary<string, int> BadExits { get; private set; } = new Dictionary<string, int>();

    public int EffectsRefused { get; private set; }

    public int Starts { get; private set; }

    TimeSpan DrainWithin => TimeSpan.FromSeconds(75) + plan.Length / 5;

    public async Task<History> RunAsync(CancellationToken ct)
    {
        using var history = new HistoryFile(Path.Combine(folder, "history.jsonl"));
        await using var owned = cluster = await DurableCluster.StartAsync();
        Status = "migrating";
        await using var superuser = NpgsqlDataSource.Create(cluster.Superuser + ";Timeout=3;Command Timeout=10;Maximum Pool Size=20");
        await using var world = await WorldServer.StartAsync(history.Add);
        await using var driverProxy = new TcpProxy(cluster.Port);
        Environment.SetEnvironmentVariable(OutsideWorld.Variable, world.Url);
        await using var parts = await EngineParts.OpenAsync(cluster.Engine(driverProxy.Port), cluster.Owner(driverProxy.Port), folder, ct);
        Status = "preparing the database";
        var errors = new ErrorInjection(superuser);
        await errors.PrepareAsync(ct);
        await ScheduleAsync(superuser, ct);

        Status = "starting the engines";
        var workers = Enumerable.Range(1, plan.Workers).Select(n => new WorkerProcess($"w{n}", cluster, world, folder, ChaosKinds.Lease)).ToArray();
        if (!workers[^1].FakeClock()) say("faketime is not installed: no clock will be false");
        await using (fleet = new Fleet(workers, disturbance, say))
        {
            faults = new DoFaults(fleet, cluster, superuser, driverProxy, errors);
            file = new FileWork(parts, history);
            intervene = new Intervene(parts, superuser, history);
            decide = new DecideGates(parts, superuser, history, plan.Seed);
            watch = new WatchQueue(superuser, history, disturbance, ChaosKinds.Lease);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var watching = Task.WhenAll(watch.RunAsync(over.Token), decide.RunAsync(over.Token));
            await Eventually.TrueAsync(() => watch.Last?.Workers >= plan.Workers, TimeSpan.FromSeconds(60), "all workers have registered");
            await FollowAsync(ct);
            var isDrained = await DrainAsync(superuser, ct);
            Status = "stopping";
            BadExits = await fleet.StopAsync();
            await over.CancelAsync();
            await watching;
            (EffectsRefused, Starts) = (world.Refused, fleet.Starts);
            return history.End(await new ReadTables(superuser).RunAsync(ct), isDrained);
        }
    }

    /// <summary>Each step at its time, whatever the ones before are still at.</summary>
    async Task FollowAsync(CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        foreach (var step in plan.Steps)
        {
            while (step.At - clock.Elapsed is { } left && left > TimeSpan.Zero)
            {
                Status = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0}/{plan.Length.TotalSeconds:0} s  {Queue()}");
                await Task.Delay(left < Settle ? left : Settle, ct);
            }
            if (step.IsFault() || step is Step.Calm) say(step.Line());
            var doing = RunAsync(step, ct);
            underWay[doing] = 0;
            _ = doing.ContinueWith(d => underWay.TryRemove(d, out _), TaskScheduler.Default);
        }
        if (plan.Length - clock.Elapsed is { } rest && rest > TimeSpan.Zero) await Task.Delay(rest, ct);
        Status = "waiting for the last faults to end";
        await Task.WhenAll(underWay.Keys);
    }

    async Task RunAsync(Step step, CancellationToken ct)
    {
        try
        {
            await (step switch
            {
                Step.File filing => file.RunAsync(filing, ct),
                Step.FileDag dag => file.RunAsync(dag, $"dag{step.At.TotalMilliseconds:0}", ct),
                Step.Intervene command => intervene.RunAsync(command, ct),
                Step.Calm => Task.CompletedTask,
                _ => disturbance.DuringAsync(() => faults.RunAsync(step, ct)),
            });
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            say($"{step.GetType().Name} came to nothing: {e.Message.Split('\n')[0]}"); // another fault was at the same thing
        }
    }

    /// <returns>Whether everything that could run has run in time.</returns>
    async Task<bool> DrainAsync(NpgsqlDataSource superuser, CancellationToken ct)
    {
        say("healing everything; then all that can run must end");
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await faults.HealAsync(ct);
                await UnscheduleAsync(superuser, ct);
                return true;
            }
            catch (NpgsqlException)
            {
                return false; // it is still coming back
            }
        }, TimeSpan.FromSeconds(60), "the database is back");
        decide.IsHurried = true;
        var clock = Stopwatch.StartNew();
        for (var quiet = 0; clock.Elapsed < DrainWithin;)
        {
            quiet = watch.Last is { Ready: 0, Leased: 0, Later: 0, Waiting: 0, Gated: 0 } ? quiet + 1 : 0;
            if (quiet > 8) return true; // two seconds: nobody is between two tables
            Status = $"draining, {clock.Elapsed.TotalSeconds:0} s: {Queue()}";
            await Task.Delay(Settle, ct);
        }
        say($"not everything ended within {DrainWithin}: {Queue()}");
        foreach (var session in await LongTransactionsAsync(superuser, ct)) say($"open for long: {session}");
        return true; // and the checker says what
    }

    /// <summary>Sessions whose transaction keeps what is left of the tasks locked, if that is why they do not end.</summary>
    static async Task<IEnumerable<string>> LongTransactionsAsync(NpgsqlDataSource superuser, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        return await connection.QueryAsync<string>(new CommandDefinition("""
            select concat_ws(' ', pid, usename, application_name, 'port', client_port, state, wait_event, 'blocked by', pg_blocking_pids(pid)::text, 'since', xact_start, left(query, 500))
            from pg_stat_activity where xact_start < clock_timestamp() - interval '5 seconds' and backend_type = 'client backend' order by xact_start limit 20
            """, cancellationToken: ct));
    }

    string Queue() => watch.Last is not { } look ? "the database is away"
        : $"{look.Workers} workers, ready {look.Ready}, running {look.Leased}, later {look.Later}, waiting {look.Waiting}, gated {look.Gated}";

    static async Task ScheduleAsync(NpgsqlDataSource superuser, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into schedules (name, duty, cron, updated_at) values ('chaos', @duty, '0/2 * * * * ?', clock_timestamp())", new { duty = TickDuty.DutyName }, cancellationToken: ct));
    }

    static async Task UnscheduleAsync(NpgsqlDataSource superuser, CancellationToken ct)
    {
        await using var connection = await superuser.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition("update schedules set enabled = false, version = version + 1 where name = 'chaos' and enabled", cancellationToken: ct));
    }
}
