namespace Engine.Schedules;

public static class SchedulesSetup
{
    public static void AddSchedules(this IServiceCollection services)
    {
        services.AddSingleton<IScheduledDuty, PruneExpired>();
        services.AddSingleton<ScheduleMetrics>();
        services.AddSingleton<ProposeFire>();
        services.AddSingleton<TakeFire>();
        services.AddSingleton<RunFire>();
        services.AddSingleton<FailLostFires>();
        services.AddSingleton<FreeLostTriggers>();
        services.AddSingleton<BeginWaitingFires>();
        services.AddSingleton<SyncSchedules>();
        services.AddSingleton<EngineScheduler>();
        services.AddSingleton<KeepSchedules>();
        services.AddHostedService(s => s.GetRequiredService<KeepSchedules>());
        services.AddSingleton<ChangeSchedule>();
        services.AddSingleton<RunSchedule>();
        services.AddSingleton<ListSchedules>();
        services.AddSingleton<ListFires>();
        services.AddHealthChecks().AddCheck<SchedulesHealth>("schedules");
    }
}
