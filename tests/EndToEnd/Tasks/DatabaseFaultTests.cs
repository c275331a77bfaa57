using Chaos.Driving;
using Chaos.Kinds;
using Dapper;
using Npgsql;

namespace EndToEnd.Tasks;

/// <summary>What befalls the database, and what the engines make of it: rows 6, 8, 11 and 31 of the fault matrix.</summary>
public sealed class DatabaseFaultTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    FaultField field = null!;
    WorkerProcess[] workers = null!;

    public async Task InitializeAsync()
    {
        field = await FaultField.StartAsync();
        await field.Errors.PrepareAsync(CancellationToken.None);
        workers = [field.Worker(ChaosKinds.Lease), field.Worker(ChaosKinds.Lease)];
        await Task.WhenAll(workers.Select(field.StartAsync));
    }

    public async Task DisposeAsync() => await field.DisposeAsync();

    // One test, because each fault wants the same two engines: a start costs more than the faults.
    [Fact]
    public async Task Whatever_befalls_the_database_costs_no_task_no_attempt_and_no_process()
    {
        await ErrorsAsync();
        await StormAsync();
        await CrashesAsync();
        await NoConnectionsAsync();

        Assert.All(workers, w => Assert.Equal(1, w.Starts));
        Assert.All(workers, w => Assert.True(w.IsRunning, w.LogEnd()));
        await field.InvariantsHoldAsync();
    }

    /// <summary>Row 31: deadlocks, serialization failures, shutdowns and too many connections, on claim and finish.</summary>
    async Task ErrorsAsync()
    {
        var modes = "update task_engine set mode = @mode, changed_at = clock_timestamp()";
        foreach (var (table, sqlState) in new[] { ("task_leases", "40P01"), ("task_attempts", "40001"), ("task_ready", "53300"), ("task_attempts", "57P01"), ("task_leases", "40001") })
        {
            await field.ExecuteAsync(modes, new { mode = "paused" });
            var tasks = await field.FileAsync(ChaosKinds.Effect, 6, ms: 20);
            await field.Errors.ArmAsync(table, sqlState, 3, CancellationToken.None);
            await field.ExecuteAsync(modes, new { mode = "running" });
            await field.EndedAsync(tasks, Soon);
            Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", tasks));
            Assert.Equal(3, await field.Errors.RaisedAsync());
            await field.Errors.DisarmAsync(CancellationToken.None);
        }
        await field.Errors.ArmAsync("tasks", "40P01", 2, CancellationToken.None);
        await field.EndedAsync(await field.FileAsync(ChaosKinds.Quick, with: t => t with { DedupKey = "once" }), Soon);
        Assert.Equal(2, await field.Errors.RaisedAsync());
        await field.Errors.DisarmAsync(CancellationToken.None);
    }

    /// <summary>Row 8: sessions ended five times a second.</summary>
    async Task StormAsync()
    {
        var tasks = await field.FileAsync(ChaosKinds.Effect, 40, ms: 200);
        var more = await field.FileAsync(ChaosKinds.Quick, 1000, ms: 5);
        for (var round = 0; round < 20; round++)
        {
            await field.ExecuteAsync("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('engine', 'engine_owner') and pid <> pg_backend_pid()");
            await Task.Delay(200); // the rate of the row
        }
        field.ForgetConnections();
        await field.EndedAsync([.. tasks, .. more], Soon);
    }

    /// <summary>Row 6: crashes in the middle of transactions; claims go on within five seconds of the recovery.</summary>
    async Task CrashesAsync()
    {
        var tasks = await field.FileAsync(ChaosKinds.Effect, 40, ms: 400);
        for (var round = 0; round < 2; round++)
        {
            await field.Cluster.RestartImmediatelyAsync(TimeSpan.FromMilliseconds(300), CancellationToken.None);
            field.ForgetConnections();
            var probe = await field.FileAsync(ChaosKinds.Quick, with: t => t with { Priority = Engine.Tasks.TaskPriority.Critical });
            await field.BegunAsync(probe, TimeSpan.FromSeconds(5));
        }
        await field.EndedAsync(tasks, Soon);
    }

    /// <summary>Row 11: no connection is to be had; what runs is reported, and heartbeats go on, over those that the worker holds.</summary>
    async Task NoConnectionsAsync()
    {
        var tasks = await field.FileAsync(ChaosKinds.Slow, 16, ms: 3000);
        await field.BegunAsync([tasks[0]], Soon);
        await using var hogs = new NpgsqlDataSourceBuilder(field.Cluster.Superuser + ";Maximum Pool Size=300;Timeout=2").Build();
        var held = new List<NpgsqlConnection>();
        try
        {
            while (true) held.Add(await hogs.OpenConnectionAsync());
        }
        catch (NpgsqlException)
        {
            // all that the server has
        }
        Assert.InRange(held.Count, 100, 299);
        var lost = await CountAsync("select count(*) from workers where state = 'failed'");

        await Task.Delay(ChaosKinds.Lease * 2); // real time, in which leases would run out

        Assert.Equal(lost, await CountAsync("select count(*) from workers where state = 'failed'"));
        Assert.Equal(tasks.Count, await CountAsync("select count(*) from task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)"));
        foreach (var connection in held) await connection.DisposeAsync();

        Task<long> CountAsync(string sql) => held[0].ExecuteScalarAsync<long>(sql, new { ids = tasks.ToArray() });
    }
}
