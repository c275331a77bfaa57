using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;

namespace Engine.Tasks;

/// <summary><c>engine tasks add</c>: files a task.</summary>
static class AddTaskCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var kind = new Argument<string>("kind") { Description = "What to do; GET /api/tasks/kinds lists the kinds and the schemas of their payloads." };
        var payload = new Argument<string>("payload") { Description = "The payload as JSON, @FILE to read it from a file, or - for standard input; {} by default.", DefaultValueFactory = _ => "{}" };
        var priority = new Option<string>("--priority") { Description = $"{string.Join(", ", TaskPriorities.All)}; the kind's own by default.", HelpName = "PRIORITY" }.OneOf([.. TaskPriorities.All]);
        var dedupKey = new Option<string?>("--dedup-key") { Description = "At most one live task has it: a second one is not filed.", HelpName = "KEY" };
        var dependsOn = new Option<Guid[]>("--depends-on") { Description = "A task that must succeed first; may be given many times.", HelpName = "TASK" };
        var due = Moment(frame, "--due", "Not before");
        var deadline = Moment(frame, "--deadline", "Given up when it has not ended by then");
        var concurrencyKey = new Option<string?>("--concurrency-key") { Description = "Only so many tasks with this key run at a time.", HelpName = "KEY" };
        var concurrencyLimit = new Option<int?>("--concurrency-limit") { Description = "How many, 1 to 1000; 1 by default.", HelpName = "N" };
        var requires = new Option<string[]>("--requires") { Description = "A capability that the worker must have; may be given many times.", HelpName = "CAPABILITY" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Side effects are described, not done." };
        var wait = new Option<bool>("--wait") { Description = "Wait until it has ended, and show it; exit code 1 unless it succeeded." };
        var command = new DocumentedCommand("add", "File a task.",
            "engine tasks add investigate_failure '{\"task_id\":\"01980000-0000-7000-8000-000000000000\",\"reason\":\"it stalls\"}'\nengine tasks add crawl @payload.json --priority high --due 45m --dedup-key nightly")
        {
            kind, payload, priority, dedupKey, dependsOn, due, deadline, concurrencyKey, concurrencyLimit, requires, dryRun, wait, frame.Json, frame.Url, frame.TokenFile,
        };
        return command.Runs(async (parse, ct) =>
        {
            var now = frame.Time.GetUtcNow();
            var body = new JsonObject { ["kind"] = parse.GetRequiredValue(kind), ["payload"] = PayloadText.Parse(await PayloadText.ReadAsync(parse.GetRequiredValue(payload), ct), "payload") };
            if (parse.GetValue(priority) is { } p) body["priority"] = p;
            if (parse.GetValue(dedupKey) is { } d) body["dedup_key"] = d;
            if (parse.GetValue(dependsOn) is { Length: > 0 } parents) body["depends_on"] = Array(parents.Select(id => id.ToString()));
            if (parse.GetValue(due) is { } later) body["due_at"] = Expiry.Text(Expiry.Read(later, now)!.Value);
            if (parse.GetValue(deadline) is { } end) body["deadline_at"] = Expiry.Text(Expiry.Read(end, now)!.Value);
            if (parse.GetValue(concurrencyKey) is { } c) body["concurrency_key"] = c;
            if (parse.GetValue(concurrencyLimit) is { } limit) body["concurrency_limit"] = limit;
            if (parse.GetValue(requires) is { Length: > 0 } capabilities) body["requires"] = Array(capabilities);
            if (parse.GetValue(dryRun)) body["dry_run"] = true;
            using var client = frame.Connect(parse, CommandFrame.AnswerTimeout);
            var filed = (await client.SendAsync(HttpMethod.Post, "/api/tasks", body, ct, ("Idempotency-Key", $"{Guid.CreateVersion7(now)}"))).Document;
            if (parse.GetValue(wait)) return await WaitAsync(frame, parse, client, filed.Text("task_id"), ct);
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(filed);
            else if (filed.Text("created") == "yes") frame.Terminal.Say($"Task {filed.Text("task_id")} is filed; `engine tasks watch {filed.Text("task_id")}` follows it.");
            else frame.Terminal.Say($"Task {filed.Text("task_id")} with that key is live already ({filed.GetProperty("task").Text("state")}); no other was filed.");
            return ExitCode.Done;
        });
    }

    static async Task<ExitCode> WaitAsync(CommandFrame frame, ParseResult parse, EngineClient client, string taskId, CancellationToken ct)
    {
        while (true)
        {
            var task = (await client.GetAsync($"/api/tasks/{taskId}/wait?timeout=20", ct)).Document;
            if (TaskStates.Find(task.Text("state")) is not { } state || !state.IsEnded()) continue;
            var shown = (await client.GetAsync($"/api/tasks/{taskId}", ct)).Document;
            if (parse.GetValue(frame.Json)) frame.Terminal.Json(shown);
            else ShownTaskText.Tell(frame.Terminal, shown);
            return state == TaskState.Succeeded ? ExitCode.Done : ExitCode.Failed;
        }
    }

    /// <summary>A time to come.</summary>
    internal static Option<string?> Moment(CommandFrame frame, string name, string what)
    {
        var moment = new Option<string?>(name) { Description = $"{what}: {Expiry.Form}.", HelpName = "WHEN" };
        moment.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Expiry.Read(text, frame.Time.GetUtcNow()) is null)
                result.AddError($"{name} must be in the future, as {Expiry.Form}, is \"{text}\".");
        });
        return moment;
    }

    static JsonArray Array(IEnumerable<string> texts) => [.. texts.Select(t => JsonValue.Create(t))];
}

/// <summary>JSON that somebody types, or names a place of.</summary>
static class PayloadText
{
    /// <summary>More than any payload may have.</summary>
    const int MostChars = 32 << 20;

    /// <param name="given">The text itself, <c>@FILE</c>, or <c>-</c> for standard input.</param>
    public static async Task<string> ReadAsync(string given, CancellationToken ct)
    {
        if (given != "-" && !given.StartsWith('@')) return given;
        try
        {
            using var reader = given == "-" ? Console.In : new StreamReader(given[1..]);
            var text = new System.Text.StringBuilder();
            var buffer = new char[64 * 1024];
            for (int read; (read = await reader.ReadAsync(buffer, ct)) > 0;)
                if (text.Append(buffer, 0, read).Length > MostChars) throw new CommandException(ExitCode.Misuse, $"The payload has more than {MostChars} characters; no kind takes that.");
            return text.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Misuse, $"The payload cannot be read from {given[1..]}: {e.Message}", "name a file that can be read, or write - and pipe it in.", e);
        }
    }

    /// <param name="what">What it is called in a message.</param>
    public static JsonNode? Parse(string json, string what)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException e)
        {
            throw new CommandException(ExitCode.Misuse, $"{what} is not JSON: {e.Message.Split(" LineNumber:")[0]}", "quote it for the shell: '{\"name\":\"value\"}'.", e);
        }
    }
}
