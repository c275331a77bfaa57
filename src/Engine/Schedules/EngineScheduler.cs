using System.Collections.Concurrent;
using Npgsql;
using Quartz;
using Quartz.Extensibility;

namespace Engine.Schedules;

/// <summary>
/// This process's Quartz scheduler, a member of the cluster of all nodes on the same database. It works over the engine's own
/// connections and by the database's clock, in a container of its own, so that a start that failed can simply be made again.
/// </summary>
public sealed class EngineScheduler(
    NpgsqlDataSource database, TimeProvider time, ProposeFire propose, TakeFire take, RunFire run, FailLostFires failLost,
    ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>Of all nodes together; each has an instance id besides.</summary>
    public const string Name = "engine";

    public static readonly TimeSpan CheckinInterval = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Unwilling = TimeSpan.FromSeconds(5);
    const int Workers = 4;

    readonly ConcurrentDictionary<string, bool> running = [];
    readonly ILogger log = loggers.CreateLogger<EngineScheduler>();
    readonly CancellationTokenSource stopping = new();
    StandaloneSchedulerFactory? factory;

    /// <summary>Null until it has started.</summary>
    public IScheduler? Running { get; private set; }

    /// <summary>The fires whose jobs are at work in this process, as Quartz names them.</summary>
    public IReadOnlyCollection<string> Jobs => [.. running.Keys];

    /// <summary>Starts it unless it runs.</summary>
    /// <exception cref="SchedulerException">The database was away or lacks the tables; nothing is left behind.</exception>
    public async Task<IScheduler> StartAsync(CancellationToken ct)
    {
        if (Running is not null) return Running;
        var started = time.GetTimestamp();
        var made = QuartzSchedulerBuilder.Create(Configure).Build();
        try
        {
            var scheduler = await made.GetScheduler(ct);
            await scheduler.Start(ct);
            (factory, Running) = (made, scheduler);
            log.Started(scheduler.SchedulerInstanceId, time.GetElapsedTime(started));
            return scheduler;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts nothing new, waits for what runs, and after <paramref name="patience"/> tells it to break off.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (Running is not { } scheduler) return;
        stopping.CancelAfter(patience);
        try
        {
            await scheduler.Shutdown(waitForJobsToComplete: true, CancellationToken.None).AsTask().WaitAsync(patience + Unwilling, time);
        }
        catch (Exception e) when (e is TimeoutException or SchedulerException)
        {
            log.StopTookTooLong(patience + Unwilling); // the cluster sees it missing and takes over what it left
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (factory is not null) await factory.DisposeAsync();
        stopping.Dispose();
    }

    void Configure(IQuartzBuilder quartz)
    {
        quartz.Services.AddSingleton(loggers);
        quartz.ConfigureScheduler(scheduler =>
        {
            scheduler.InstanceName = Name;
            scheduler.GenerateInstanceId = true;
            scheduler.ShutdownJobInterruption = ShutdownJobInterruption.Never; // StopAsync says when
        });
        quartz.UseTimeProvider(time);
        quartz.UseDefaultThreadPool(Workers);
        quartz.UseJobFactory(new OneJob(new FireJob(propose, take, run, failLost, running, stopping.Token)));
        quartz.UsePersistentStore(store =>
        {
            store.UsePostgres(source => source.DataSourceFactory = _ => database);
            store.UseSystemTextJsonSerializer();
            store.UseClustering(cluster => cluster.CheckinInterval = CheckinInterval);
            store.ConfigureStore(options =>
            {
                options.TablePrefix = "qrtz_";
                options.StoreJobDataAsStrings = true;
                options.SchemaProvisioning = SchemaProvisioning.Validate; // the migrations make it
                options.MisfireThreshold = MisfirePolicies.After;
                options.MisfireHandlerFrequency = CheckinInterval; // after a long outage nothing fires before it has looked
                options.DbRetryInterval = TimeSpan.FromSeconds(1);
                options.UseBackgroundThreads = true;
            });
        });
    }

    sealed class OneJob(FireJob job) : IJobFactory
    {
        readonly JobScope scope = new(job, null);

        public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler, CancellationToken cancellationToken = default) => new(scope);

        public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
