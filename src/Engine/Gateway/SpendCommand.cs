using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Routing.Calls;
using Spectre.Console;

namespace Engine.Gateway;

/// <summary><c>engine spend</c>: what models have cost, as a chart.</summary>
static class SpendCommand
{
    const int MostBars = 30, BarWidth = 40;

    public static DocumentedCommand Create(CommandFrame frame)
    {
        var by = new Option<string>("--by") { Description = $"Keep apart by {string.Join(", ", SumCosts.Groups.Keys)}; model by default.", HelpName = "WHAT", DefaultValueFactory = _ => "model" }.OneOf([.. SumCosts.Groups.Keys]);
        var period = new Option<string>("--per") { Description = "day, week or month; day by default.", HelpName = "PERIOD", DefaultValueFactory = _ => "day" }.OneOf([.. SumCosts.Periods]);
        var days = new Option<int>("--days") { Description = "How far back, 1 to 3660 days; 30 by default.", HelpName = "N", DefaultValueFactory = _ => 30 };
        days.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && (!int.TryParse(text, out var n) || n is < 1 or > 3660)) result.AddError($"--days must be from 1 to 3660, is {text}.");
        });
        var command = frame.Remote("spend", "Show what calls to models have cost.", "engine spend\nengine spend --by policy --per week --days 90",
            async (client, parse, ct) =>
            {
                var from = frame.Time.GetUtcNow().AddDays(-parse.GetValue(days)).ToString("O", CultureInfo.InvariantCulture);
                var costs = (await client.GetAsync($"/api/routing/costs?by={parse.GetValue(by)}&period={parse.GetValue(period)}&from={Uri.EscapeDataString(from)}", ct)).Document;
                if (parse.GetValue(frame.Json)) frame.Terminal.Json(costs);
                else Tell(frame.Terminal, costs);
                return ExitCode.Done;
            });
        foreach (var option in new Option[] { by, period, days }) command.Add(option);
        return command;
    }

    static void Tell(Terminal terminal, JsonElement costs)
    {
        var rows = costs.GetProperty("rows").EnumerateArray().Select(r => (Day: r.Text("starts_at")[..10], Key: r.Text("key"), Usd: r.GetProperty("cost_usd").GetDecimal(), Calls: r.GetProperty("calls").GetInt64())).ToArray();
        if (rows.Length == 0)
        {
            terminal.Say("Nothing has been spent in that time.");
            return;
        }
        Bars(terminal, $"By {costs.Text("period")}", [.. rows.GroupBy(r => r.Day).OrderBy(g => g.Key, StringComparer.Ordinal).TakeLast(MostBars).Select(g => (g.Key, g.Sum(r => r.Usd), g.Sum(r => r.Calls)))]);
        Bars(terminal, $"By {costs.Text("by")}", [.. rows.GroupBy(r => r.Key).Select(g => (Key: g.Key.Length == 0 ? "(none)" : g.Key, Usd: g.Sum(r => r.Usd), Calls: g.Sum(r => r.Calls))).OrderByDescending(g => g.Usd).Take(MostBars)]);
        terminal.Say($"Together {ShownMoney.Usd(costs.GetProperty("total_usd").GetDecimal())}{(costs.GetProperty("is_cut").GetBoolean() ? ", of more than can be shown: ask for a shorter time" : "")}.");
    }

    static void Bars(Terminal terminal, string title, IReadOnlyList<(string Name, decimal Usd, long Calls)> bars)
    {
        var most = bars.Max(b => b.Usd);
        var width = bars.Max(b => b.Name.Length);
        terminal.Line(title, Color.Aqua);
        foreach (var (name, usd, calls) in bars)
        {
            var eighths = most == 0 ? 0 : (int)Math.Round(usd / most * BarWidth * 8);
            var bar = new string('█', eighths / 8) + (eighths % 8 == 0 ? "" : "▏▎▍▌▋▊▉"[(eighths % 8) - 1].ToString());
            terminal.Say($"  {name.PadRight(width)}  {bar.PadRight(BarWidth + 1)} {ShownMoney.Usd(usd)}  {calls} call{(calls == 1 ? "" : "s")}");
        }
    }
}
