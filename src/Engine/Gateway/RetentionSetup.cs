using Engine.Schedules;
using Engine.Tasks;
using Routing.Budgets;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>What is deleted of routing's records when it has served its time.</summary>
static class RetentionSetup
{
    public static void AddRoutingRetention(this IServiceCollection services)
    {
        services.AddSingleton<FindLiveTasks>();
        services.AddSingleton<TasksAlive>(s => s.GetRequiredService<FindLiveTasks>().RunAsync);
        services.AddSingleton<PruneCalls>();
        services.AddSingleton<PruneTaskWindows>();
        services.AddSingleton<IScheduledDuty, PruneCallsDuty>();
    }
}
