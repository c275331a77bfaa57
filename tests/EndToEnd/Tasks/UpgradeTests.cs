using Chaos.Driving;
using Chaos.Kinds;
using Dapper;
using Engine.Database;
using Engine.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Support;

namespace EndToEnd.Tasks;

/// <summary>A newer schema, applied while engines of this version work, and what they may not do any more: rows 23 and 24 of the fault matrix.</summary>
public sealed class UpgradeTests : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    // As the next version's may be: it needs the hot tables for itself, if only for a moment.
    static readonly Migration Next = Migration.Of($"{Migration.All.Count + 1:D4}_next.sql", """
        alter table tasks add column note text;
        alter table task_ready add column note text;
        alter table task_leases add column note text;
        alter table task_attempts add column note text;
        create index task_ready_by_note on task_ready (note) where note is not null;
        create table notes_of_next (note_id bigint primary key);
        """);

    FaultField field = null!;

    public async Task InitializeAsync() => field = await FaultField.StartAsync();

    public async Task DisposeAsync() => await field.DisposeAsync();

    [Fact]
    public async Task A_newer_schema_that_is_applied_under_load_stops_nobody_and_older_engines_work_until_they_may_not()
    {
        var workers = new[] { field.Worker(ChaosKinds.Lease), field.Worker(ChaosKinds.Lease) };
        await Task.WhenAll(workers.Select(field.StartAsync));
        using var over = new CancellationTokenSource();
        var load = Task.Run(() => FileOnAsync(over.Token));
        await using var owner = NpgsqlDataSource.Create(field.Cluster.Owner(field.Cluster.Port));
        await using (var reader = await field.Superuser.OpenConnectionAsync())
        {
            await using var reading = await reader.BeginTransactionAsync();
            await reader.ExecuteAsync("select count(*) from task_ready", transaction: reading); // and stays

            var migrating = new MigrateDatabase(owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync([.. Migration.All, Next], CancellationToken.None);
            for (var round = 0; round < 2; round++)
            {
                await Eventually.TrueAsync(async () => migrating.IsFaulted ? throw migrating.Exception! : await IsWaitedForAsync(), Soon, "the migration waits for the reader");
                await field.EndedAsync(await field.FileAsync(ChaosKinds.Quick), Soon); // was let pass: the reader is there still
            }

            Assert.False(migrating.IsCompleted);
            await reading.RollbackAsync();
            Assert.Equal([Next], await migrating.WaitAsync(Soon));
        }
        await field.EndedAsync(await field.FileAsync(ChaosKinds.Effect, 8, ms: 20), Soon);
        await over.CancelAsync();
        var tasks = await load;
        await field.EndedAsync(tasks, Soon);

        Assert.Equal(tasks.Count, await field.CountAsync("task_attempts where outcome = 'succeeded' and epoch = 1 and task_id = any(@ids)", tasks));
        Assert.All(workers, w => Assert.True(w.IsRunning, w.LogEnd()));
        await OlderEnginesAsync(workers);
        await field.InvariantsHoldAsync(isDrained: false);
    }

    /// <summary>One that starts now refuses; those that run end what they have once the newer engines say that they must.</summary>
    async Task OlderEnginesAsync(WorkerProcess[] workers)
    {
        var late = field.Worker(ChaosKinds.Lease);
        late.Start();
        await Eventually.TrueAsync(() => !late.IsRunning, Soon, "an engine that is older than the schema ends");
        Assert.Contains("it is older than the schema", late.Log, StringComparison.Ordinal);

        var running = await field.FileAsync(ChaosKinds.Effect, 4, ms: 1500);
        await field.BegunAsync(running, Soon);
        await field.ExecuteAsync("update task_engine set min_protocol = @next", new { next = RegisterWorker.Protocol + 1 });
        var left = await field.FileAsync(ChaosKinds.Effect, 4);
        await field.EndedAsync(running, Soon);
        await Eventually.TrueAsync(() => workers.All(w => w.Log.Contains("This engine is too old", StringComparison.Ordinal)), Soon, "both say that they are too old");

        Assert.Equal(0, await field.CountAsync("task_attempts where task_id = any(@ids)", left));
        Assert.Equal(left.Count, await field.CountAsync("task_ready where task_id = any(@ids)", left));
        Assert.All(workers, w => Assert.True(w.IsRunning, w.LogEnd()));
    }

    Task<bool> IsWaitedForAsync() =>
        field.ScalarAsync<bool>("select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock' and relation = 'task_ready'::regclass)");

    async Task<IReadOnlyList<Guid>> FileOnAsync(CancellationToken ct)
    {
        var filed = new List<Guid>();
        while (!ct.IsCancellationRequested)
        {
            filed.AddRange(await field.FileAsync(ChaosKinds.Quick, 5, ms: 5));
            await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
        return filed;
    }
}
