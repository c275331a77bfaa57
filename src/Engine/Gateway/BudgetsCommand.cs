using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Hosting.CommandLine;
using Routing.Budgets;

namespace Engine.Gateway;

/// <summary><c>engine budgets</c>: what may be spent, and what is.</summary>
static class BudgetsCommand
{
    public static Command Create(CommandFrame frame) => new("budgets", "Budgets: what may be spent on models, and what is.") { List(frame), Set(frame), History(frame) };

    static DocumentedCommand List(CommandFrame frame)
    {
        var limit = Paging.Limit();
        var command = frame.Remote("list", "List budgets with what is spent and held now.", "engine budgets list",
            (client, parse, ct) => client.ListAsync(frame, parse, "/api/budgets", parse.GetValue(limit),
                ["Scope", "Key", "Period", "Amount", "Spent", "Held", "Left", "Used", "Resets", "Kind", "By"], Row, ct));
        command.Add(limit);
        return command;
    }

    static string[] Row(JsonElement budget)
    {
        var (amount, settled) = (budget.GetProperty("amount_usd").GetDecimal(), budget.GetProperty("settled_usd").GetDecimal());
        var key = budget.Text("subject") is { Length: > 0 } subject ? subject : budget.Text("key");
        return [budget.Text("scope"), key, budget.Text("period"), ShownMoney.Usd(amount), ShownMoney.Usd(settled), ShownMoney.Usd(budget.GetProperty("held_usd").GetDecimal()),
            ShownMoney.Usd(budget.GetProperty("left_usd").GetDecimal()), amount == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{settled / amount:0.0%}"), budget.Text("resets_at"),
            budget.GetProperty("enabled").GetBoolean() ? budget.GetProperty("hard").GetBoolean() ? "hard" : "soft" : "off", budget.Text("origin")];
    }

    static DocumentedCommand Set(CommandFrame frame)
    {
        var scope = new Argument<string>("scope") { Description = $"Whose spending: {string.Join(", ", BudgetTerms.Scopes)}." };
        var period = new Argument<string>("period") { Description = $"In what time: {string.Join(", ", BudgetTerms.Periods)}." };
        var amount = new Argument<decimal>("amount") { Description = "US dollars." };
        var key = new Option<string?>("--key") { Description = "Which tenant, policy, kind, model, provider or worker; * for each one by itself.", HelpName = "KEY" };
        var zone = new Option<string?>("--time-zone") { Description = "IANA time zone that days begin in; UTC by default.", HelpName = "ZONE" };
        var alert = new Option<decimal?>("--alert-at") { Description = "Share of the amount at which people are told; 0.8 by default.", HelpName = "SHARE" };
        var soft = new Option<bool>("--soft") { Description = "Only tell, refuse nothing." };
        var off = new Option<bool>("--off") { Description = "Keep it, but do not apply it." };
        var command = frame.Remote("set", "Make a budget, or change the one of the same scope, key and period.",
            "engine budgets set total day 25\nengine budgets set tenant month 100 --key acme --time-zone Europe/Berlin\nengine budgets set worker day 5 --key '*'",
            async (client, parse, ct) =>
            {
                var body = new JsonObject
                {
                    ["scope"] = parse.GetRequiredValue(scope), ["period"] = parse.GetRequiredValue(period), ["amount_usd"] = parse.GetRequiredValue(amount), ["key"] = parse.GetValue(key) ?? "",
                    ["time_zone"] = parse.GetValue(zone) ?? "UTC", ["alert_threshold"] = parse.GetValue(alert) ?? 0.8m, ["hard"] = !parse.GetValue(soft), ["enabled"] = !parse.GetValue(off),
                };
                var reply = await client.SendAsync(HttpMethod.Put, "/api/budgets", body, ct);
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(reply.Document);
                else frame.Terminal.Say($"The {reply.Document.Text("period")} budget of {Whose(reply.Document)} is {ShownMoney.Usd(reply.Document.GetProperty("amount_usd").GetDecimal())} (version {reply.Document.Text("version")}).");
                return ExitCode.Done;
            });
        foreach (var argument in new Argument[] { scope, period, amount }) command.Add(argument);
        foreach (var option in new Option[] { key, zone, alert, soft, off }) command.Add(option);
        return command;
    }

    static DocumentedCommand History(CommandFrame frame)
    {
        var budget = new Argument<Guid>("budget") { Description = "The budget's id, as `engine budgets list --json` shows it." };
        var limit = Paging.Limit();
        var command = frame.Remote("history", "List the windows that a budget has had, newest first.", "engine budgets history 01980000-0000-7000-8000-000000000000",
            (client, parse, ct) => client.ListAsync(frame, parse, $"/api/budgets/{parse.GetRequiredValue(budget)}/windows", parse.GetValue(limit),
                ["Window", "Spent", "Held", "Calls", "Refused", "Ends", "Told", "Exhausted"],
                w => [w.Text("window_key"), ShownMoney.Usd(w.GetProperty("settled_usd").GetDecimal()), ShownMoney.Usd(w.GetProperty("held_usd").GetDecimal()), w.Text("calls"), w.Text("refused"),
                    w.Text("ends_at"), w.Text("alerted_at"), w.Text("exhausted_at")], ct));
        command.Add(budget);
        command.Add(limit);
        return command;
    }

    static string Whose(JsonElement budget) => budget.Text("key") is { Length: > 0 } key ? $"{budget.Text("scope")} {key}" : budget.Text("scope");
}
