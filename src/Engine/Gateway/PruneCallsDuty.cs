using System.Globalization;
using Engine.Schedules;
using Routing.Budgets;
using Routing.Calls;

namespace Engine.Gateway;

/// <summary>Deletes calls, windows of tasks and what was told of budgets when they have served their time.</summary>
public sealed class PruneCallsDuty(PruneCalls calls, PruneTaskWindows windows, RoutingSettings settings, TimeProvider time) : IScheduledDuty
{
    public string Name => "prune_calls";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var before = now - TimeSpan.FromDays(settings.KeepCallsDays);
        var deleted = await calls.RunAsync(before, ct);
        var kept = await windows.RunAsync(now - TimeSpan.FromDays(settings.KeepTaskBudgetsDays), ct);
        var events = await windows.ForgetEventsAsync(before, ct);
        return string.Create(CultureInfo.InvariantCulture, $"Deleted {deleted} calls, whose cost stays in sums by day; {kept} windows of budgets for a task; {events} events of budgets.");
    }
}
