namespace Engine.Tasks;

public static class TasksSetup
{
    public static void AddTasks(this IServiceCollection services)
    {
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
        services.AddSingleton<OpenGate>();
        services.AddSingleton<PromoteDue>();
        services.AddSingleton<FileInvestigation>();
        services.AddSingleton<RecordAttempts>();
        services.AddSingleton<AttemptRecords>();
        services.AddSingleton<WakeWorkers>();
        services.AddSingleton<FileTasks>();
    }

    /// <summary>Registers a kind of task: the one line that a new kind needs.</summary>
    public static void AddTaskKind<THandler, TPayload>(this IServiceCollection services, string name, Func<TaskKind, TaskKind>? limits = null)
        where THandler : class, ITaskHandler<TPayload> where TPayload : class
    {
        services.AddSingleton<THandler>();
        services.AddSingleton(s =>
        {
            TaskKind kind = new TaskKind<TPayload>(name, s.GetRequiredService<THandler>());
            return limits is null ? kind : limits(kind);
        });
    }
}
