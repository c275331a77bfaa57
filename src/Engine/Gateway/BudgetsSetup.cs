using Engine.Database;
using Engine.Tasks;
using Routing.Budgets;
using Routing.Calls;

namespace Engine.Gateway;

static class BudgetsSetup
{
    /// <summary>Registered before the workers, so that it is stopped after them.</summary>
    public static void AddBudgets(this IServiceCollection services, EngineDatabase database)
    {
        services.AddSingleton<CurrentBudgets>();
        services.AddSingleton<Holders>();
        services.AddSingleton<CorrectCosts>();
        services.AddSingleton<PutBudget>();
        services.AddSingleton<ListBudgets>();
        services.AddSingleton<ListBudgetWindows>();
        services.AddSingleton<ListSelections>();
        services.AddSingleton<SumCosts>();
        services.AddSingleton(s => LedgerOptions.Usual with { Listen = s.GetRequiredService<TasksSettings>().Listen });
        services.AddSingleton<CallLedger>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<LedgerLoop>(s, Connect(s, database)));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<KeepBudgets>(s, Connect(s, database)));
        services.AddHostedService<KeepLedger>();
    }

    static Func<CancellationToken, ValueTask<Npgsql.NpgsqlConnection>> Connect(IServiceProvider services, EngineDatabase database) =>
        ct => database.Reserved.OpenAsync(!services.GetRequiredService<TasksSettings>().Listen, ct);
}
