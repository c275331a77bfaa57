using Chaos.Driving;
using Chaos.Kinds;
using Chaos.Recorded;
using Engine.Database;
using Engine.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;

namespace EndToEnd.Tasks;

/// <summary>Behind a PgBouncer that pools transactions, which everything goes through: the engines, the schema's owner, and who files.</summary>
public sealed class PoolerTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    FaultField field = null!;
    PgBouncer bouncer = null!;

    public async Task InitializeAsync()
    {
        if (!FactNeedingAttribute.Exists("pgbouncer")) return;
        field = await FaultField.StartAsync();
        bouncer = await PgBouncer.StartAsync(field.Cluster.Engine(field.Cluster.Port), field.Cluster.Owner(field.Cluster.Port));
    }

    public async Task DisposeAsync()
    {
        if (bouncer is not null) await bouncer.DisposeAsync();
        if (field is not null) await field.DisposeAsync();
    }

    [FactNeeding("pgbouncer")]
    public async Task Tasks_are_filed_done_and_taken_over_from_a_killed_worker_without_a_session_of_ones_own()
    {
        using var folder = new TempFolder();
        await using var filer = await EngineParts.OpenAsync(field.Cluster.Engine(bouncer.Port), field.Cluster.Owner(bouncer.Port), folder.Path, CancellationToken.None, throughPooler: true);
        var dying = await StartAsync();
        var done = await field.FileAsync(ChaosKinds.Noop, 600, by: filer);
        await field.EndedAsync(done, Soon);
        Assert.Equal(600, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", done));

        var tasks = await field.FileAsync(ChaosKinds.Effect, 8, ms: 500, times: 1, by: filer);
        await field.BegunAsync(tasks, Soon);
        await StartAsync();
        await Eventually.TrueAsync(() => tasks.All(t => field.EventsOf(t, WorldEventKind.Effect).Count == 1), Soon, "all have acted");
        await dying.KillAsync();
        await field.EndedAsync(tasks, Soon);

        Assert.All(tasks, t => Assert.Equal([1L, 2L], field.EventsOf(t, WorldEventKind.Effect).Select(e => e.Epoch)));
        Assert.All(tasks, t => Assert.Single(field.EventsOf(t, WorldEventKind.Effect).Select(e => e.Key).Distinct()));
        Assert.Equal(0, await field.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and granted"));
        await field.InvariantsHoldAsync();
    }

    [FactNeeding("pgbouncer")]
    public async Task Engines_that_start_together_and_clear_up_together_leave_no_lock_in_a_session_that_is_anothers_next()
    {
        await field.ExecuteAsync("create database fresh owner engine_owner");
        string Login(string direct) => new NpgsqlConnectionStringBuilder(direct) { Database = "fresh" }.ConnectionString;
        var (engine, owner) = (Login(field.Cluster.Engine(bouncer.Port)), Login(field.Cluster.Owner(bouncer.Port)));
        using var folder = new TempFolder();
        using var over = new CancellationTokenSource();
        var others = Enumerable.Range(0, 4).Select(_ => Task.Run(() => ChatAsync(owner, over.Token))).ToArray();

        try
        {
            var engines = await Task.WhenAll(Enumerable.Range(0, 4).Select(n =>
                EngineParts.OpenAsync(engine, owner, Path.Combine(folder.Path, $"{n}"), CancellationToken.None, throughPooler: true))).WaitAsync(Soon);
            await using var superuser = NpgsqlDataSource.Create(Login(field.Cluster.Superuser));
            await using var churn = superuser.CreateCommand("""
                insert into workers (host, process_id, engine_version, protocol, kinds, capabilities, slots, state, started_at, beat_at, lease_until)
                select 'gone', 1, '0', 1, '{}', '{}', 1, 'offline', 'epoch', 'epoch', 'epoch' from generate_series(1, 10000)
                """);
            await churn.ExecuteNonQueryAsync();
            await Eventually.TrueAsync(async () => (await Task.WhenAll(engines.Select(ClearUpAsync))).Any(tables => tables.Contains("workers")), Soon, "a table is cleared up");

            await using var count = superuser.CreateCommand("select (select count(*) from schema_migrations) || ' ' || (select count(*) from pg_locks where locktype = 'advisory' and granted)");
            Assert.Equal($"{Migration.All.Count} 0", await count.ExecuteScalarAsync());
            foreach (var parts in engines) await parts.DisposeAsync();
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(others);
        }
    }

    static Task<IReadOnlyList<string>> ClearUpAsync(EngineParts engine) =>
        new VacuumHotTables(engine.Get<EngineDatabase>(), TimeProvider.System, NullLogger<VacuumHotTables>.Instance).RunOnceAsync(CancellationToken.None);

    /// <summary>Statements of others, so that the next one of a client meets another session.</summary>
    static async Task ChatAsync(string login, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(login) { NoResetOnClose = true, MaxAutoPrepare = 0 }.ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        while (!ct.IsCancellationRequested)
        {
            await using var command = new NpgsqlCommand("select pg_sleep(0.003)", connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    async Task<WorkerProcess> StartAsync()
    {
        var worker = field.Worker(ChaosKinds.Lease, null, ("ENGINE__TASKS__LISTEN", "false"));
        worker.Proxy.TargetPort = bouncer.Port;
        await field.StartAsync(worker);
        return worker;
    }
}
