using System.Text.Json;
using Chaos.Driving;
using Chaos.Invariants;
using Chaos.Kinds;
using Chaos.Recorded;
using Chaos.World;
using Dapper;
using Engine.Tasks;
using Npgsql;
using Support;
using Support.Proxy;

namespace EndToEnd.Tasks;

/// <summary>
/// A PostgreSQL that can be crashed, engine processes behind proxies, and the world outside that they act on. Everything that
/// happens is recorded, and at the end the invariants must hold over it, whatever the test did.
/// </summary>
public sealed class FaultField : IAsyncDisposable
{
    readonly TempFolder folder = new();
    readonly List<WorkerProcess> workers = [];
    TcpProxy line = null!;
    WorldServer world = null!;
    EngineParts parts = null!;
    int filings;

    FaultField() { }

    public DurableCluster Cluster { get; private set; } = null!;

    public HistoryFile History { get; private set; } = null!;

    /// <summary>To the database, past the proxies of the engines.</summary>
    public NpgsqlDataSource Superuser { get; private set; } = null!;

    public ErrorInjection Errors { get; private set; } = null!;

    /// <summary>The engine's behaviours in this process.</summary>
    public EngineParts Parts => parts;

    /// <param name="postgres">Settings of PostgreSQL.</param>
    /// <param name="place">Where its data lies; null: anywhere.</param>
    public static async Task<FaultField> StartAsync(IReadOnlyDictionary<string, string>? postgres = null, string? place = null)
    {
        var field = new FaultField();
        field.Cluster = await DurableCluster.StartAsync(postgres, place);
        field.History = new HistoryFile(Path.Combine(field.folder.Path, "history.jsonl"));
        field.line = new TcpProxy(field.Cluster.Port);
        field.world = await WorldServer.StartAsync(field.History.Add);
        Environment.SetEnvironmentVariable(OutsideWorld.Variable, field.world.Url); // for the parts below, which run no handler
        field.Superuser = NpgsqlDataSource.Create(field.Cluster.ThroughPort(field.line.Port) + ";Timeout=3;Command Timeout=10;Maximum Pool Size=30");
        field.parts = await EngineParts.OpenAsync(field.Cluster.Engine(field.line.Port), field.Cluster.Owner(field.line.Port), field.folder.Path, CancellationToken.None);
        field.Errors = new ErrorInjection(field.Superuser);
        return field;
    }

    /// <summary>An engine of this field; not started yet.</summary>
    /// <param name="lease">Null: the engine's default.</param>
    /// <param name="dataFolder">Null: one of its own.</param>
    public WorkerProcess Worker(TimeSpan? lease = null, string? dataFolder = null, params (string Variable, string Value)[] settings)
    {
        lock (workers)
        {
            var worker = new WorkerProcess($"w{workers.Count + 1}", Cluster, world, folder.Path, lease, settings.ToDictionary(s => s.Variable, s => s.Value), dataFolder);
            workers.Add(worker);
            return worker;
        }
    }

    public async Task<WorkerProcess> StartWorkerAsync(TimeSpan? lease = null, params (string Variable, string Value)[] settings)
    {
        var worker = Worker(lease, null, settings);
        await StartAsync(worker);
        return worker;
    }

    /// <summary>Starts an engine and waits until it takes tasks.</summary>
    public async Task StartAsync(WorkerProcess worker)
    {
        worker.Start();
        await Eventually.TrueAsync(async () => worker.IsRunning ? await WorkerIdAsync(worker) is not null : throw new InvalidOperationException($"{worker.Name} ended:\n{worker.Log}"),
            TimeSpan.FromSeconds(60), $"{worker.Name} takes tasks");
    }

    /// <summary>Ends all engines: what comes next begins alone.</summary>
    public async Task KillWorkersAsync()
    {
        foreach (var worker in workers.Where(w => w.IsRunning)) await worker.KillAsync();
    }

    /// <returns>Of the process's worker that lives now; null when there is none.</returns>
    public Task<long?> WorkerIdAsync(WorkerProcess worker) =>
        ScalarAsync<long?>($"select max(worker_id) from workers where process_id = {worker.ProcessId} and state in ('idle', 'busy')");

    /// <summary>Files tasks of one kind, as a recorded filing.</summary>
    /// <param name="by">Null: <see cref="Parts"/>.</param>
    public async Task<IReadOnlyList<Guid>> FileAsync(string kind, int count = 1, int ms = 0, int times = 0, string? way = null, Func<NewTask, NewTask>? with = null, EngineParts? by = null)
    {
        var tag = $"f{Interlocked.Increment(ref filings)}";
        var task = new NewTask(kind, JsonSerializer.Serialize(new ChaosPayload(tag, ms) { Times = times, Way = way }, TaskPayload.Options));
        var filing = Assert.IsType<Filing.Done>(await (by ?? parts).Get<FileTasks>().RunAsync([.. Enumerable.Range(0, count).Select(_ => with?.Invoke(task) ?? task)], "test", CancellationToken.None));
        var ids = filing.Tasks.Select(t => t.TaskId).Distinct().ToArray();
        History.Add(new RecordedFiling(tag, 0, 0, count, Commit.Done, ids, filing.Tasks.Count(t => t.IsNew)));
        return ids;
    }

    /// <summary>Everybody, this process too, is led to another PostgreSQL from now on.</summary>
    public void LeadTo(int port)
    {
        foreach (var proxy in workers.Select(w => w.Proxy).Append(line))
        {
            proxy.TargetPort = port;
            proxy.Cut();
        }
        ForgetConnections();
    }

    /// <summary>The connections of this process are gone: after a crash, or when they were ended.</summary>
    public void ForgetConnections()
    {
        parts.Source.Clear();
        Superuser.Clear();
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Superuser.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Superuser.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, parameters);
    }

    public Task<int> CountAsync(string sql, IEnumerable<Guid> taskIds) => ScalarAsync<int>($"select count(*)::integer from {sql}", new { ids = taskIds.ToArray() });

    public async Task EndedAsync(IReadOnlyCollection<Guid> taskIds, TimeSpan within)
    {
        try
        {
            await Eventually.TrueAsync(async () => await CountAsync("task_attempts where final_state is not null and reopened_at is null and task_id = any(@ids)", taskIds) == taskIds.Count,
                within, $"{taskIds.Count} tasks have ended");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n{await LivingAsync(taskIds)}\n{string.Join('\n', workers.Select(w => $"== {w.Name}\n{w.LogEnd()}"))}", e);
        }
    }

    async Task<string> LivingAsync(IReadOnlyCollection<Guid> taskIds)
    {
        await using var connection = await Superuser.OpenConnectionAsync();
        return string.Join('\n', await connection.QueryAsync<string>("""
            select concat_ws(' ', task_id, kind, state, 'epoch', epoch, 'worker', worker_id, reason) from governance_tasks
            where task_id = any(@ids) and state not in ('succeeded', 'failed', 'dead', 'cancelled') limit 10
            """, new { ids = taskIds.ToArray() }));
    }

    /// <summary>Until handlers of all these tasks have begun.</summary>
    public Task BegunAsync(IReadOnlyCollection<Guid> taskIds, TimeSpan within, long epoch = 1) => Eventually.TrueAsync(
        () => taskIds.All(id => EventsOf(id, WorldEventKind.Started).Any(e => e.Epoch >= epoch)), within, $"{taskIds.Count} tasks have begun");

    public IReadOnlyList<WorldEvent> EventsOf(Guid taskId, WorldEventKind kind) => [.. History.EventsSoFar().Where(e => e.TaskId == taskId && e.Kind == kind)];

    /// <summary>Reads everything and judges it.</summary>
    /// <param name="isDrained">Everything that could run was given the time for it.</param>
    public async Task InvariantsHoldAsync(bool isDrained = true)
    {
        var history = History.End(await new ReadTables(Superuser).RunAsync(CancellationToken.None), isDrained);
        Assert.Empty(AllInvariants.Check(history).SelectMany(v => v.Violations).Select(v => v.ToString()));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in workers) await worker.DisposeAsync();
        await parts.DisposeAsync();
        await Superuser.DisposeAsync();
        await line.DisposeAsync();
        await world.DisposeAsync();
        History.Dispose();
        await Cluster.DisposeAsync();
        folder.Dispose();
    }
}
