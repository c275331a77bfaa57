namespace Engine.Workers;

public static class WorkersSetup
{
    public static void AddWorkers(this IServiceCollection services)
    {
        services.AddSingleton<WorkerMetrics>();
        services.AddSingleton<RegisterWorker>();
        services.AddSingleton<ReconcileClaims>();
        services.AddSingleton<EndAttempts>();
        services.AddSingleton<Breakers>();
        services.AddSingleton<TakeStarts>();
        services.AddSingleton<ReturnStarts>();
        services.AddSingleton<ClaimLimits>();
        services.AddSingleton<CountDeaths>();
        services.AddSingleton<RescueTasks>();
        services.AddSingleton<ReadEngineMode>();
        services.AddSingleton<ReadSlowness>();
        services.AddHealthChecks().AddCheck<WorkersHealth>("workers");
        services.AddSingleton<SetEngineMode>();
        services.AddSingleton<ListWorkers>();
        services.AddSingleton<DrainWorker>();
        services.AddSingleton<ListAssignments>();
        services.AddSingleton<WorkerParts>();
        services.AddSingleton<RunWorkers>();
        services.AddSingleton<KeepTasks>();
        services.AddHostedService(s => s.GetRequiredService<KeepTasks>());
        services.AddHostedService<ListenForTasks>();
        services.AddHostedService<VacuumHotTables>();
        services.AddHostedService(s => s.GetRequiredService<RunWorkers>()); // last to start, first to stop
    }
}
