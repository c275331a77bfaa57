using Dapper;
using Engine.Schedules;
using Engine.Tests.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Routing;
using Routing.Calls;
using Routing.Catalog;
using Support;

namespace Engine.Tests.Gateway;

public sealed class PruneCallsDutyTests(IdleEngine engine) : IClassFixture<IdleEngine>
{
    [Fact]
    public async Task What_a_task_has_spent_is_kept_while_it_may_go_on()
    {
        var (going, cancelled) = (await engine.FileAsync(), await engine.FileAsync());
        Assert.True((await engine.PostAsync($"/api/tasks/{cancelled}/cancel", "{}")).IsSuccessStatusCode);
        await CallAsync(going);
        await CallAsync(cancelled);
        await engine.Server.Database.AddSelectionAsync(new EnteredCall(TimeProvider.System.GetUtcNow().AddDays(-500)));
        await ExecuteAsync("""
            update budget_windows set opened_at = opened_at - interval '30 days', granted_usd = 0;
            update model_selections set requested_at = requested_at - interval '30 days', ended_at = ended_at - interval '30 days', settled_at = settled_at - interval '30 days';
            delete from budget_slices
            """); // as if a month had gone by

        var told = await engine.Server.Services.GetServices<IScheduledDuty>().Single(d => d.Name == "prune_calls")
            .RunAsync(new ScheduledFire(Guid.Empty, "prune_calls", "prune_calls", default, true, default), CancellationToken.None);

        Assert.Equal("Deleted 1 calls, whose cost stays in sums by day; 1 windows of budgets for a task; 0 events of budgets.", told);
        await using var connection = await engine.Server.Database.Owner.OpenConnectionAsync();
        Assert.Equal([$"{going:N}"], await connection.QueryAsync<string>("select window_key from budget_windows"));
    }

    async Task CallAsync(Guid task)
    {
        var ledger = engine.Server.Services.GetRequiredService<CallLedger>();
        var now = TimeProvider.System.GetUtcNow();
        var opening = await ledger.OpenAsync(new NewCall(Guid.CreateVersion7(now), new CallOrigin(Guid.CreateVersion7(now), task), 1, "code", 1, "openrouter", "openai/gpt-4o",
            NanoUsd.Ceiling(0.01m), 0.01m, ["a test"], [], 100, false), CancellationToken.None);
        ledger.Close(Assert.IsType<CallOpening.Opened>(opening).Call, new CallEnd("succeeded", 0.01m, false, new TokenUsage(10, 10), TimeSpan.FromSeconds(1)));
        await ledger.FlushAsync(CancellationToken.None);
    }

    async Task ExecuteAsync(string sql)
    {
        await using var connection = await engine.Server.Database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }
}
