using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Engine.Tasks;
using Routing.Policies;

namespace Engine.Gateway;

/// <summary><c>engine ask</c>: one routed call, its answer as it comes, then what it took.</summary>
static class AskCommand
{
    static readonly TimeSpan LongestAnswer = TimeSpan.FromHours(1);

    public static DocumentedCommand Create(CommandFrame frame)
    {
        var prompt = new Argument<string>("prompt") { Description = "What is asked, @FILE to read it from a file, or - for standard input, which is the default.", DefaultValueFactory = _ => "-" };
        var system = new Option<string?>("--system") { Description = "What the model is told before the prompt.", HelpName = "TEXT" };
        var policy = new Option<string?>("--policy") { Description = "A policy by name or alias; else the one of the task's type.", HelpName = "NAME" };
        var type = new Option<string?>("--type") { Description = "The type of the task, such as fix_bug.", HelpName = "TYPE" };
        var preference = new Option<string>("--preference") { Description = $"What counts: {string.Join(", ", Preferences.All)}.", HelpName = "PREFERENCE" }.OneOf([.. Preferences.All]);
        var maxTokens = new Option<int?>("--max-tokens") { Description = "Output that is wanted at most.", HelpName = "N" };
        var tenant = new Option<string?>("--tenant") { Description = "Whose budgets count; else the token's tenant.", HelpName = "TENANT" };
        var command = new DocumentedCommand("ask", "Ask a model that is chosen for it: the answer on standard output as it comes, then on standard error which model, cost and time it was.",
            "engine ask --policy code \"Why does this loop never end? $(cat loop.c)\"\nengine ask --type analyze_logs @errors.log --json") { frame.Json, frame.Url, frame.TokenFile };
        prompt.Validators.Add(result =>
        {
            // Else a mistyped option would be asked, and paid for.
            if (result.Tokens is [{ Value: var text }] && text.StartsWith("--", StringComparison.Ordinal)) result.AddError($"there is no option {text}; a prompt that begins so is read from a file, with @FILE.");
        });
        command.Add(prompt);
        foreach (var option in new Option[] { system, policy, type, preference, maxTokens, tenant }) command.Add(option);
        command.Runs(async (parse, ct) =>
        {
            var body = new JsonObject { ["prompt"] = await PayloadText.ReadAsync(parse.GetRequiredValue(prompt), ct) };
            if (parse.GetValue(system) is { } s) body["system"] = s;
            if (parse.GetValue(policy) is { } p) body["policy"] = p;
            if (parse.GetValue(type) is { } t) body["task_type"] = t;
            if (parse.GetValue(preference) is { } f) body["preference"] = f;
            if (parse.GetValue(maxTokens) is { } m) body["max_tokens"] = m;
            if (parse.GetValue(tenant) is { } who) body["tenant"] = who;
            using var client = frame.Connect(parse, LongestAnswer);
            using var feed = await client.OpenAsync("/api/routing/ask", body, ct);
            return await ShowAsync(frame.Terminal, feed, parse.GetValue(frame.Json), ct);
        });
        return command;
    }

    static async Task<ExitCode> ShowAsync(Terminal terminal, EngineFeed feed, bool isJson, CancellationToken ct)
    {
        var text = new StringBuilder();
        await foreach (var e in feed.ReadAsync(ct))
        {
            var data = JsonElement.Parse(e.Data);
            switch (e.Type)
            {
                case "message":
                    var part = data.GetProperty("text").GetString()!;
                    text.Append(part);
                    if (!isJson) terminal.Print(part);
                    break;
                case "done":
                    if (isJson) terminal.Json(WithText(data, text.ToString()));
                    else Tell(terminal, data, text);
                    return ExitCode.Done;
                case "failed":
                    if (!isJson && text.Length > 0) terminal.Say("");
                    throw new CommandException(ExitCode.Failed, $"{data.Text("detail")} [{data.Text("code")}]", "what came before is not the whole answer; ask again.");
            }
        }
        throw new CommandException(ExitCode.Failed, "The engine's answer broke off.", "what came before is not the whole answer; ask again.");
    }

    static void Tell(Terminal terminal, JsonElement done, StringBuilder text)
    {
        if (text.Length == 0 || text[^1] != '\n') terminal.Say("");
        var attempts = done.GetProperty("attempts").GetInt32();
        terminal.Note(string.Join(" · ", new[]
        {
            $"{done.Text("model")} at {done.Text("provider")}{(done.GetProperty("is_emulated").GetBoolean() ? ", EMULATED at no real cost" : "")}", $"policy {done.Text("policy")}",
            $"{ShownMoney.Usd(done.GetProperty("cost_usd").GetDecimal())}{(done.GetProperty("is_cost_estimated").GetBoolean() ? " at most, not confirmed yet" : "")}",
            $"{done.Text("input_tokens")} tokens in, {done.Text("output_tokens")} out",
            done.GetProperty("first_token_seconds").ValueKind == JsonValueKind.Null ? Seconds(done, "seconds") : $"{Seconds(done, "first_token_seconds")} to the first word, {Seconds(done, "seconds")} in all",
        }) + (attempts == 1 ? "" : $" · {attempts} attempts"));
    }

    static string Seconds(JsonElement done, string name) => string.Create(CultureInfo.InvariantCulture, $"{done.GetProperty(name).GetDouble():0.00} s");

    static JsonElement WithText(JsonElement done, string text)
    {
        var whole = new JsonObject { ["text"] = text };
        foreach (var member in done.EnumerateObject()) whole[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        return JsonElement.Parse(whole.ToJsonString());
    }
}
