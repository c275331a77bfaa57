using Engine.Schedules;
using Engine.Tasks.Events;

namespace Engine.Tasks;

public static class TasksSetup
{
    public static void AddTasks(this IServiceCollection services)
    {
        services.AddSingleton<MoveTasks>();
        services.AddSingleton<TaskKinds>();
        services.AddSingleton<TaskLanes>();
        services.AddSingleton<CheckFiling>();
        services.AddSingleton<InsertTasks>();
        services.AddSingleton<AttachParents>();
        services.AddSingleton<PromoteHeld>();
        services.AddSingleton<PutTasks>();
        services.AddSingleton<ReleaseSlots>();
        services.AddSingleton<SettleEnded>();
        services.AddSingleton<TakeTask>();
        services.AddSingleton<RecordAttempts>();
        services.AddSingleton<AttemptRecords>();
        services.AddSingleton<WakeWorkers>();
        services.AddSingleton<TakeKeys>();
        services.AddSingleton<FileTasks>();
        services.AddMoves();
        services.AddUpkeep();
        services.AddLookups();
    }

    static void AddMoves(this IServiceCollection services)
    {
        services.AddSingleton<EndTasks>();
        services.AddSingleton<RecordMove>();
        services.AddSingleton<TellHolder>();
        services.AddSingleton<CancelTask>();
        services.AddSingleton<RetryTask>();
        services.AddSingleton<RedriveTask>();
        services.AddSingleton<ReassignTask>();
        services.AddSingleton<OpenGate>();
        services.AddSingleton<DecideGate>();
        services.AddSingleton<ReadFailure>();
        services.AddSingleton<FileInvestigation>();
        services.AddTaskKind<InvestigateFailureHandler, InvestigateFailure>(InvestigateFailure.Kind);
    }

    static void AddUpkeep(this IServiceCollection services)
    {
        services.AddSingleton<ExpireGates>();
        services.AddSingleton<PromoteDue>();
        services.AddSingleton<SweepHeld>();
        services.AddSingleton<PassDeadlines>();
        services.AddSingleton<ForgetConcurrencyKeys>();
        services.AddSingleton<KeepTaskPartitions>();
        services.AddSingleton<IScheduledDuty>(s => s.GetRequiredService<KeepTaskPartitions>());
        services.AddHostedService<MakePartitionsAtStart>();
    }

    static void AddLookups(this IServiceCollection services)
    {
        services.AddSingleton<ListTasks>();
        services.AddSingleton<ShowTask>();
        services.AddSingleton<ReadTimeline>();
        services.AddSingleton<WatchEnds>();
        services.AddHostedService(s => s.GetRequiredService<WatchEnds>());
        services.AddSingleton<ReadEvents>();
        services.AddSingleton<FollowEvents>();
        services.AddHostedService(s => s.GetRequiredService<FollowEvents>());
        services.AddSingleton<CatchUp>();
        services.AddSingleton<ReadQueueDepth>();
        services.AddSingleton<KeepQueueDepth>();
        services.AddHostedService(s => s.GetRequiredService<KeepQueueDepth>());
        services.AddSingleton<TaskMetrics>();
        services.AddHealthChecks().AddCheck<TasksHealth>("tasks");
    }

    /// <summary>Registers a kind of task: the one line that a new kind needs.</summary>
    public static void AddTaskKind<THandler, TPayload>(this IServiceCollection services, string name, Func<TaskKind, TaskKind>? limits = null)
        where THandler : class, ITaskHandler<TPayload> where TPayload : class
    {
        services.AddSingleton<THandler>();
        services.AddSingleton(s =>
        {
            // Made when it is first needed: a handler may want to file tasks, and filing wants to know the kinds.
            TaskKind kind = new TaskKind<TPayload>(name, new Lazy<ITaskHandler<TPayload>>(s.GetRequiredService<THandler>));
            return limits is null ? kind : limits(kind);
        });
    }
}
