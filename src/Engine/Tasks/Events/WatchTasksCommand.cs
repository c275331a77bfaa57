using System.CommandLine;
using System.Text.Json;
using Engine.Hosting.CommandLine;

namespace Engine.Tasks.Events;

/// <summary><c>engine tasks watch</c>: what happens to tasks, as it happens.</summary>
static class WatchTasksCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var task = TasksCommand.Task();
        task.Arity = ArgumentArity.ZeroOrOne;
        task.Description = "Follow this task alone, from its filing to its end: the exit code is 1 unless it succeeds. All tasks by default.";
        var kind = new Option<string[]>("--kind") { Description = "Only tasks of this kind; may be given many times.", HelpName = "KIND" };
        var state = new Option<string[]>("--state") { Description = $"Only what brings a task into this state; may be given many times: {string.Join(", ", TaskStates.All)}.", HelpName = "STATE" };
        state.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (TaskStates.Find(token.Value) is null) result.AddError($"--state must be one of {string.Join(", ", TaskStates.All)}, is \"{token.Value}\".");
        });
        var plain = new Option<bool>("--plain") { Description = "A line for each event, as when the output is no terminal, instead of a view that is drawn anew." };
        var command = frame.Remote("watch", "Follow what happens to tasks until Ctrl-C: a live view on a terminal, else a line for each event.",
            "engine tasks watch\nengine tasks watch --state dead --state blocked --json | notify\nengine tasks watch 01980000-0000-7000-8000-000000000000",
            (client, parse, ct) =>
            {
                var follow = new FollowTasks(client, frame);
                var isJson = parse.GetValue(frame.Json);
                var filters = (parse.GetValue(kind) ?? []).Select(k => $"kind={Uri.EscapeDataString(k)}").Concat((parse.GetValue(state) ?? []).Select(s => $"state={s}"));
                if (parse.GetResult(task) is { Tokens.Count: > 0 }) return WatchOneAsync(frame, client, follow, parse.GetValue(task), isJson, ct);
                var path = $"/api/tasks/events?{string.Join('&', filters)}";
                return frame.Terminal.CanDraw && !isJson && !parse.GetValue(plain)
                    ? new LiveTasks(frame, client).RunAsync(follow, path, ct) : WatchAllAsync(frame, follow, path, isJson, ct);
            });
        command.Add(task);
        foreach (var option in new Option[] { kind, state, plain }) command.Add(option);
        return command;
    }

    static async Task<ExitCode> WatchAllAsync(CommandFrame frame, FollowTasks follow, string path, bool isJson, CancellationToken ct)
    {
        await foreach (var e in follow.RunAsync(path, () => { }, ct)) Tell(frame.Terminal, e, isJson, withTask: true);
        return ExitCode.Done;
    }

    /// <summary>Its past first, then what comes; what is in both is shown once.</summary>
    static async Task<ExitCode> WatchOneAsync(CommandFrame frame, EngineClient client, FollowTasks follow, Guid taskId, bool isJson, CancellationToken ct)
    {
        var state = await StateAsync(client, taskId, ct);
        await foreach (var e in EventsAsync(client, follow, taskId, ct))
        {
            Tell(frame.Terminal, e, isJson, withTask: false);
            if (TaskStates.Find(e.Text("state")) is not { } reached || !reached.IsEnded()) continue;
            state = await StateAsync(client, taskId, ct); // it may have been brought back since
            if (state.IsEnded()) break;
        }
        return state == TaskState.Succeeded ? ExitCode.Done : ExitCode.Failed;
    }

    static async IAsyncEnumerable<JsonElement> EventsAsync(EngineClient client, FollowTasks follow, Guid taskId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await using var coming = follow.RunAsync($"/api/tasks/events?task_id={taskId}", () => opened.TrySetResult(), end.Token).GetAsyncEnumerator(end.Token);
        var next = coming.MoveNextAsync().AsTask();
        try
        {
            await Task.WhenAny(next, opened.Task);
            if (next.IsFaulted || next.IsCanceled) await next;
            // Read once the stream is open, so that nothing lies between.
            foreach (var e in await PastAsync(client, taskId, ct)) if (follow.IsNew(e.Text("event_id"))) yield return e;
            for (; await next; next = coming.MoveNextAsync().AsTask()) yield return coming.Current;
        }
        finally
        {
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static async Task<IReadOnlyList<JsonElement>> PastAsync(EngineClient client, Guid taskId, CancellationToken ct)
    {
        var events = new List<JsonElement>();
        for (string? next = ""; next is not null;)
        {
            var page = (await client.GetAsync($"/api/tasks/{taskId}/timeline?limit=200&page_token={Uri.EscapeDataString(next)}", ct)).Document;
            events.AddRange(page.Items());
            next = page.TryGetProperty("next_page_token", out var token) ? token.GetString() : null;
        }
        return events;
    }

    static async Task<TaskState> StateAsync(EngineClient client, Guid taskId, CancellationToken ct) =>
        TaskStates.Find((await client.GetAsync($"/api/tasks/{taskId}/wait?timeout=0", ct)).Document.Text("state")) ?? TaskState.Pending;

    static void Tell(Terminal terminal, JsonElement e, bool isJson, bool withTask)
    {
        if (isJson)
        {
            terminal.JsonLine(e);
            return;
        }
        var task = withTask ? $"{e.Text("task_id")}  {e.Text("kind")}  " : "";
        terminal.Say(Hosting.Logging.HarmlessText.Line($"{ShownTaskText.When(e)}  {task}{e.Text("event")}  {e.Text("actor")}  {ShownTaskText.Detail(e)}".TrimEnd()));
        terminal.Output.Flush();
    }
}
