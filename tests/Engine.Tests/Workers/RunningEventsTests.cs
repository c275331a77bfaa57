using Dapper;
using Engine.Tasks;
using Engine.Tests.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Support;

namespace Engine.Tests.Workers;

/// <summary>Events over the wire while a worker works.</summary>
public sealed class RunningEventsTests : IAsyncLifetime
{
    const int Filings = 40, PerFiling = 10, Tasks = Filings * PerFiling;

    readonly EngineServer engine = new();

    public Task InitializeAsync()
    {
        engine.Additions = new WorkKinds().AddTo;
        engine.Environment["ENGINE__WORKERS__SLOTS"] = "4";
        return engine.InitializeAsync();
    }

    public Task DisposeAsync() => engine.DisposeAsync();

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(70)]
    public async Task What_becomes_of_some_hundred_tasks_arrives_complete_and_in_order_however_often_the_stream_breaks(int eventsUntilABreak)
    {
        const string Path = "/api/tasks/events?kind=work";
        var stream = await EventReader.OpenAsync(engine.Admin, Path, null);
        var filing = Task.Run(FileAllAsync);

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var order = new List<TaskEventResponse>();
        while (order.Count(e => e.State == TaskState.Succeeded) < Tasks)
        {
            var next = await stream.NextAsync();
            if (!seen.Add(next.EventId)) continue; // what happened shortly before a break is sent again
            order.Add(next);
            if (order.Count % eventsUntilABreak != 0) continue;
            var last = stream.LastEventId;
            await stream.DisposeAsync();
            stream = await EventReader.OpenAsync(engine.Admin, Path, last);
        }
        await stream.DisposeAsync();
        await filing;

        await using var connection = await engine.Database.Owner.OpenConnectionAsync();
        var happened = await connection.QueryAsync<(Guid, long, string)>("select task_id, epoch, event from v_task_timeline");
        Assert.Equal(happened.Order(), order.Select(e => (e.TaskId, e.Epoch, e.Event)).Order());
        string[] snoozed = ["filed 0", "claimed 1", "snoozed 1", "claimed 2", "succeeded 2"], effect = ["filed 0", "claimed 1", "doing 1", "succeeded 1"], fine = ["filed 0", "claimed 1", "succeeded 1"];
        Assert.All(order.GroupBy(e => e.TaskId), task => Assert.Contains(task.Select(e => $"{e.Event} {e.Epoch}").ToArray(), new[] { snoozed, effect, fine }));
    }

    async Task FileAllAsync()
    {
        var file = engine.Services.GetRequiredService<FileTasks>();
        for (var i = 0; i < Filings; i++)
        {
            var how = i % 8 == 0 ? "snooze" : i % 3 == 0 ? "effect" : "fine";
            Assert.IsType<Filing.Done>(await file.RunAsync([.. Enumerable.Repeat(new NewTask("work", $$"""{"how":"{{how}}"}"""), PerFiling)], "test", CancellationToken.None));
        }
    }
}
