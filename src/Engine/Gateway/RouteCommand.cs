using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Engine.Tasks;
using Routing.Policies;

namespace Engine.Gateway;

/// <summary><c>engine route</c>: which model a request would get, and why.</summary>
static class RouteCommand
{
    public static Command Create(CommandFrame frame) => new("route", "Routing: which model a request would get, and why.") { Explain(frame) };

    static DocumentedCommand Explain(CommandFrame frame)
    {
        var prompt = new Argument<string>("prompt") { Description = "What would be sent, @FILE to read it from a file, or - for standard input, which is the default.", DefaultValueFactory = _ => "-" };
        var policy = new Option<string?>("--policy") { Description = "A policy by name or alias; else the one of the task's type.", HelpName = "NAME" };
        var type = new Option<string?>("--type") { Description = "The type of the task, such as fix_bug.", HelpName = "TYPE" };
        var preference = new Option<string>("--preference") { Description = $"What counts: {string.Join(", ", Preferences.All)}.", HelpName = "PREFERENCE" }.OneOf([.. Preferences.All]);
        var complexity = new Option<double?>("--complexity") { Description = "From 0 to 1, instead of what the prompt looks like.", HelpName = "N" };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "Output that is wanted at most.", HelpName = "N" };
        var needs = new Option<string[]>("--needs") { Description = "What the model must be able to do, such as tools, json_schema or image; may be given many times.", HelpName = "CAPABILITY" };
        var labels = new Option<string[]>("--label") { Description = "NAME=VALUE; may be given many times.", HelpName = "LABEL" };
        var tenant = new Option<string?>("--tenant") { Description = "Whose budgets count.", HelpName = "TENANT" };
        var spent = new Option<decimal?>("--spent") { Description = "Dollars that the task has spent already.", HelpName = "USD" };
        var command = frame.Remote("explain", "Say which model a request would get now and why; nothing is called. Exit code 3 when it would get none.",
            "engine route explain \"Why does checkout time out?\" --type investigate_error\nengine route explain --policy code @prompt.txt --needs tools",
            async (client, parse, ct) =>
            {
                var body = new JsonObject { ["prompt"] = await PayloadText.ReadAsync(parse.GetRequiredValue(prompt), ct) };
                if (parse.GetValue(policy) is { } p) body["policy"] = p;
                if (parse.GetValue(type) is { } t) body["task_type"] = t;
                if (parse.GetValue(preference) is { } f) body["preference"] = f;
                if (parse.GetValue(complexity) is { } c) body["complexity"] = c;
                if (parse.GetValue(maxTokens) is { } m) body["max_tokens"] = m;
                if (parse.GetValue(needs) is { Length: > 0 } n) body["needs"] = new JsonArray([.. n.Select(need => JsonValue.Create(need))]);
                if (parse.GetValue(labels) is { Length: > 0 } l) body["labels"] = new JsonObject(l.Select(label => label.Split('=', 2)).Select(label => KeyValuePair.Create(label[0], (JsonNode?)label[^1])));
                if (parse.GetValue(tenant) is { } who) body["tenant"] = who;
                if (parse.GetValue(spent) is { } usd) body["spent_by_task_usd"] = usd;
                var decision = (await client.SendAsync(HttpMethod.Post, "/api/routing/select", body, ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(decision);
                else Tell(frame, decision);
                return decision.Text("outcome") == "chosen" ? ExitCode.Done : ExitCode.Refused;
            });
        command.Add(prompt);
        foreach (var option in new Option[] { policy, type, preference, complexity, maxTokens, needs, labels, tenant, spent }) command.Add(option);
        command.Validators.Add(result =>
        {
            foreach (var token in result.GetResult(labels)?.Tokens ?? [])
                if (!token.Value.Contains('=', StringComparison.Ordinal)) result.AddError($"--label must be NAME=VALUE, is \"{token.Value}\".");
        });
        return command;
    }

    static void Tell(CommandFrame frame, JsonElement decision)
    {
        var terminal = frame.Terminal;
        var candidates = decision.Items("candidates").ToArray();
        var complexity = decision.GetProperty("complexity");
        terminal.Facts(
        [
            ("Policy", decision.Text("policy") == "–" ? "–" : $"{decision.Text("policy")}, version {decision.Text("policy_version")}"),
            ("Complexity", Number(complexity, "value")), ("Input", $"{decision.Text("input_bytes")} bytes, about {decision.Text("input_tokens")} tokens"),
            ("Chosen", candidates is [var first, ..] ? $"{first.Text("model")} at {first.Text("provider")}" : $"nobody: {decision.Text("code")}"),
            ("Confidence", decision.Text("confidence")),
            .. decision.Items("reasons").Select((reason, i) => (i == 0 ? "Why" : "", reason.Text())),
        ]);
        terminal.Say("");
        terminal.Table(["Complexity", "Adds", "Of", "Seen"], complexity.Items("parts").Select(p => new[]
        {
            p.Text("name"), (p.GetProperty("weight").GetDouble() * p.GetProperty("value").GetDouble()).ToString("0.00", CultureInfo.InvariantCulture), Number(p, "weight"), p.Text("sentence").Split(':')[0],
        }));
        if (candidates.Length > 0)
        {
            terminal.Say("");
            terminal.Table(["Order", "Model", "Provider", "Policy", "Tokens", "At most", "Likely", "Latency", "Score", "Why"], candidates.Select((c, i) => new[]
            {
                i == 0 ? "chosen" : $"then {i}", c.Text("model"), c.Text("provider"), c.Text("policy"), c.Text("max_tokens"), $"${c.Text("hold_usd")}", $"${c.Text("estimated_usd")}",
                c.Text("estimated_latency_seconds") is "–" ? "–" : $"{Number(c, "estimated_latency_seconds")} s", Number(c, "score"), string.Join(" ", c.Items("reasons").Select(r => r.Text())),
            }));
        }
        if (!decision.Items("excluded").Any()) return;
        terminal.Say("");
        terminal.Table(["Passed over", "Provider", "Why"], decision.Items("excluded").Select(e => new[] { e.Text("model"), e.Text("provider"), e.Text("reason") }));
    }

    static string Number(JsonElement element, string name) => element.GetProperty(name).GetDouble().ToString("0.00", CultureInfo.InvariantCulture);
}
