namespace Routing.Budgets;

/// <summary>The words of budgets, as tables and the API write them.</summary>
public static class BudgetTerms
{
    public const string Total = "total", Tenant = "tenant", Policy = "policy", TaskKind = "task_kind", Model = "model", Provider = "provider", Worker = "worker";

    public const string PerTask = "task", Day = "day", Week = "week", Month = "month", Lifetime = "lifetime";

    public static IReadOnlyList<string> Scopes { get; } = [Total, Tenant, Policy, TaskKind, Model, Provider, Worker];

    public static IReadOnlyList<string> Periods { get; } = [PerTask, Day, Week, Month, Lifetime];
}
