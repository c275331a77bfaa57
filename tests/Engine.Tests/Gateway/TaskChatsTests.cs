using Engine.Tasks;
using Routing.Calls;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>What a handler gets that asks for a chat client.</summary>
public sealed class TaskChatsTests(CallingEngine engine) : IClassFixture<CallingEngine>
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Its_calls_go_by_the_policy_of_its_kind_and_are_the_tasks_in_rows_costs_and_timeline()
    {
        var taskId = await FileAsync("""{"prompt":"Why does it fail?"}""");

        await EventuallyAsync(taskId, "succeeded");

        await engine.Get<CallLedger>().FlushAsync(CancellationToken.None);
        Assert.Equal("code|fix_bug|1|succeeded", await engine.ReadAsync<string>(
            "select policy || '|' || task_kind || '|' || task_epoch || '|' || outcome from model_selections where task_id = @taskId", new { taskId }));
        var note = await engine.ReadAsync<string>("select detail::text from task_notes where task_id = @taskId and event = 'model_answered'", new { taskId });
        Assert.Contains("\"model\": \"openai/gpt-4o\"", note, StringComparison.Ordinal);
        Assert.Equal(await engine.ReadAsync<decimal>("select cost_usd from model_selections where task_id = @taskId", new { taskId }),
            System.Text.Json.JsonElement.Parse(note).GetProperty("cost_usd").GetDecimal());
    }

    [Fact]
    public async Task A_task_that_meets_a_used_up_budget_waits_for_it_uncharged()
    {
        await engine.PutBudgetAsync("""{"scope":"task_kind","key":"simple_query","period":"day","amount_usd":0.0000001}""");
        var taskId = await FileAsync("""{"prompt":"Hello."}""", "simple_query");

        await Eventually.TrueAsync(async () => await engine.ReadAsync<long>("select count(*) from task_notes where task_id = @taskId and event = 'model_failed'", new { taskId }) == 1, Soon, "the refusal is noted");

        await Eventually.TrueAsync(async () => await StateAsync(taskId) == "scheduled", Soon, "it waits");
        Assert.Equal(0, await engine.ReadAsync<long>("select count(*) from model_selections where task_id = @taskId", new { taskId }));
    }

    [Fact]
    public async Task A_task_that_asks_for_no_policy_there_is_is_blocked_with_the_reason()
    {
        var taskId = await FileAsync("""{"prompt":"Hello.","policy":"none_such"}""");

        await EventuallyAsync(taskId, "blocked");
    }

    [Fact]
    public async Task A_task_never_costs_more_than_its_policy_allows_however_often_it_asks()
    {
        var taskId = await FileAsync("""{"prompt":"Tell me everything about everything.","policy":"ops","times":400}""");

        await Eventually.TrueAsync(async () => await StateAsync(taskId) is "blocked" or "succeeded" or "scheduled", Soon, "it has ended");

        await engine.Get<CallLedger>().FlushAsync(CancellationToken.None);
        Assert.InRange(await engine.ReadAsync<decimal>("select sum(cost_usd) from model_selections where task_id = @taskId", new { taskId }), 0.0001m, 0.01m);
    }

    async Task<Guid> FileAsync(string payload, string kind = "fix_bug") =>
        Assert.IsType<Filing.Done>(await engine.Get<FileTasks>().RunAsync([new NewTask(kind, payload)], "test", CancellationToken.None)).Tasks[0].TaskId;

    Task<string> StateAsync(Guid taskId) => engine.ReadAsync<string>("select state from governance_tasks where task_id = @taskId", new { taskId });

    Task EventuallyAsync(Guid taskId, string state) => Eventually.TrueAsync(async () => await StateAsync(taskId) == state, Soon, $"the task is {state}");
}
