using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Engine.Tasks.Events;

namespace Engine.Tasks;

/// <summary><c>engine tasks</c>: what is to be done, is being done and was done.</summary>
static class TasksCommand
{
    const string ExampleId = "01980000-0000-7000-8000-000000000000";

    const int ReasonShown = 100;

    public static Command Create(CommandFrame frame) => new("tasks", "Tasks: what is to be done, is being done and was done.")
    {
        AddTaskCommand.Create(frame), List(frame), Show(frame), Timeline(frame), WatchTasksCommand.Create(frame),
        Move(frame, "cancel", "Cancel a live task; whoever runs it is told to stop."),
        Move(frame, "retry", "Let a blocked or scheduled task run now."),
        Redrive(frame),
        Decide(frame),
    };

    /// <summary>A task named on the command line.</summary>
    public static Argument<Guid> Task()
    {
        var task = new Argument<Guid>("task")
        {
            Description = "The task's id, as `engine tasks list` shows it.",
            CustomParser = result =>
            {
                if (Guid.TryParse(result.Tokens[0].Value, out var id)) return id;
                result.AddError($"task must be an id as `engine tasks list` shows it, is \"{result.Tokens[0].Value}\".");
                return default;
            },
        };
        return task;
    }

    static DocumentedCommand List(CommandFrame frame)
    {
        var state = new Option<string>("--state") { Description = $"Only those in this state: {string.Join(", ", TaskStates.All)}.", HelpName = "STATE" }.OneOf([.. TaskStates.All]);
        var kind = new Option<string?>("--kind") { Description = "Only those of this kind.", HelpName = "KIND" };
        var priority = new Option<string>("--priority") { Description = $"Only those of this priority: {string.Join(", ", TaskPriorities.All)}.", HelpName = "PRIORITY" }.OneOf([.. TaskPriorities.All]);
        var dedupKey = new Option<string?>("--dedup-key") { Description = "Only those filed with this key.", HelpName = "KEY" };
        var origin = new Option<Guid?>("--origin") { Description = "Only those that came from this task.", HelpName = "TASK" };
        var (after, before) = (Moment(frame, "--filed-after", "Only those filed since then"), Moment(frame, "--filed-before", "Only those filed before then"));
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List tasks, newest first.", "engine tasks list --state dead\nengine tasks list --kind investigate_failure --filed-after 1d",
            (client, parse, ct) =>
            {
                var now = frame.Time.GetUtcNow();
                (string Name, string? Value)[] filters =
                [
                    ("state", parse.GetValue(state)), ("kind", parse.GetValue(kind)), ("priority", parse.GetValue(priority)), ("dedup_key", parse.GetValue(dedupKey)),
                    ("origin_id", parse.GetValue(origin)?.ToString()), ("filed_after", Text(parse.GetValue(after), now)), ("filed_before", Text(parse.GetValue(before), now)),
                ];
                var query = string.Join('&', filters.Where(f => f.Value is not null).Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value!)}"));
                return client.ListAsync(frame, parse, $"/api/tasks{(query.Length > 0 ? "?" : "")}{query}", parse.GetValue(limit),
                    ["Id", "Kind", "State", "Priority", "Since", "Filed", "Failures", "Worker", "Reason"],
                    t => [t.Text("task_id"), t.Text("kind"), t.Text("state"), t.Text("priority"), t.Text("since"), t.Text("filed_at"), t.Text("failures"), t.Text("worker_id"), Reason(t)], ct);
            });
        foreach (var option in new Option[] { state, kind, priority, dedupKey, origin, after, before, limit }) command.Add(option);
        return command;
    }

    static DocumentedCommand Show(CommandFrame frame)
    {
        var task = Task();
        var command = frame.Remote("show", "Show one task with its payload, result, gates and attempts.", $"engine tasks show {ExampleId}",
            async (client, parse, ct) =>
            {
                var shown = (await client.GetAsync($"/api/tasks/{parse.GetRequiredValue(task)}", ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(shown);
                else ShownTaskText.Tell(frame.Terminal, shown);
                return ExitCode.Done;
            });
        command.Add(task);
        return command;
    }

    static DocumentedCommand Timeline(CommandFrame frame)
    {
        var (task, limit) = (Task(), Paging.Limit());
        var command = frame.Remote("timeline", "List what happened to a task, oldest first.", $"engine tasks timeline {ExampleId}",
            (client, parse, ct) => client.ListAsync(frame, parse, $"/api/tasks/{parse.GetRequiredValue(task)}/timeline", parse.GetValue(limit),
                ["When", "Attempt", "Event", "By", "Detail"],
                e => [ShownTaskText.When(e), e.Text("epoch"), e.Text("event"), e.Text("actor"), ShownTaskText.Detail(e)], ct));
        command.Add(task);
        command.Add(limit);
        return command;
    }

    static DocumentedCommand Redrive(CommandFrame frame)
    {
        var deadline = AddTaskCommand.Moment(frame, "--deadline", "In place of its deadline");
        var none = new Option<bool>("--no-deadline") { Description = "It has no deadline from now on." };
        var command = Move(frame, "redrive", "Bring back a task that ended as failed, cancelled or dead; one whose deadline has passed needs a new one, or none.", (parse, body) =>
        {
            if (parse.GetValue(deadline) is { } at) body["deadline_at"] = Expiry.Text(Expiry.Read(at, frame.Time.GetUtcNow())!.Value);
            if (parse.GetValue(none)) body["no_deadline"] = true;
        });
        command.Add(deadline);
        command.Add(none);
        command.Validators.Add(result =>
        {
            if (result.GetResult(deadline) is not null && result.GetResult(none) is not null) result.AddError("--deadline and --no-deadline exclude each other.");
        });
        return command;
    }

    /// <param name="fill">What else goes into the request.</param>
    static DocumentedCommand Move(CommandFrame frame, string verb, string description, Action<ParseResult, JsonObject>? fill = null)
    {
        var task = Task();
        var reason = new Option<string?>("--reason") { Description = "Why, for those who ask later; up to 1000 characters.", HelpName = "TEXT" };
        var command = frame.Remote(verb, description, $"engine tasks {verb} {ExampleId} --reason \"asked for by the team\"",
            async (client, parse, ct) =>
            {
                var body = new JsonObject();
                if (parse.GetValue(reason) is { } why) body["reason"] = why;
                fill?.Invoke(parse, body);
                var moved = (await client.SendAsync(HttpMethod.Post, $"/api/tasks/{parse.GetRequiredValue(task)}/{verb}", body, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(moved);
                else frame.Terminal.Say($"Task {moved.Text("task_id")} is {moved.Text("state")} now.");
                return ExitCode.Done;
            });
        command.Add(task);
        command.Add(reason);
        return command;
    }

    static DocumentedCommand Decide(CommandFrame frame)
    {
        var task = Task();
        var gate = new Argument<string>("gate") { Description = "The gate, as `engine tasks show` names it." };
        var verdict = new Argument<string>("decision") { Description = "approve, reject, or signal for a gate that waits for a signal." };
        verdict.OneOf("approve", "reject", "signal");
        var epoch = new Option<long?>("--epoch") { Description = "The attempt that asked, as `engine tasks show` names it: if another has asked since, nothing is decided.", HelpName = "N" };
        var detail = new Option<string?>("--detail") { Description = "A JSON object for the task and for people.", HelpName = "JSON" };
        var command = frame.Remote("decide", "Decide at a gate that a task waits at; the first decision stands.", $"engine tasks decide {ExampleId} task_fault approve",
            async (client, parse, ct) =>
            {
                var body = new JsonObject { ["decision"] = parse.GetRequiredValue(verdict) switch { "approve" => "approved", "reject" => "rejected", _ => "signalled" } };
                if (parse.GetValue(epoch) is { } meant) body["epoch"] = meant;
                if (parse.GetValue(detail) is { } json) body["detail"] = PayloadText.Parse(json, "--detail");
                var name = parse.GetRequiredValue(gate);
                var decided = (await client.SendAsync(HttpMethod.Post, $"/api/tasks/{parse.GetRequiredValue(task)}/gates/{Uri.EscapeDataString(name)}", body, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(decided);
                else frame.Terminal.Say($"{decided.Text("decision")} at {name}{(decided.Text("early") == "yes" ? "; the task has not asked yet and will find it" : "; the task goes on")}.");
                return ExitCode.Done;
            });
        foreach (var argument in new Argument[] { task, gate, verdict }) command.Add(argument);
        command.Add(epoch);
        command.Add(detail);
        return command;
    }

    static Option<string?> Moment(CommandFrame frame, string name, string what)
    {
        var moment = new Option<string?>(name) { Description = $"{what}: {Expiry.Form}; a span counts back from now.", HelpName = "WHEN" };
        moment.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Expiry.ReadPast(text, frame.Time.GetUtcNow()) is null)
                result.AddError($"{name} must be as {Expiry.Form}, is \"{text}\".");
        });
        return moment;
    }

    static string? Text(string? moment, DateTimeOffset now) => moment is null ? null : Expiry.Text(Expiry.ReadPast(moment, now)!.Value);

    static string Reason(JsonElement task)
    {
        var reason = task.Text("gate") is not "–" and var gate ? $"waits at {gate}" : task.Text("reason");
        return reason.Length <= ReasonShown ? reason : reason[..(ReasonShown - 1)] + "…";
    }
}
