using System.Globalization;
using System.Text.Json;
using Engine.Hosting.CommandLine;
using Engine.Hosting.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Engine.Tasks.Events;

/// <summary>The live view: how the engines do, what waits, and what happened last, drawn anew a few times a second.</summary>
sealed class LiveTasks(CommandFrame frame, EngineClient client)
{
    const int MostKept = 200, MostQueues = 8;

    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500), StatusEvery = TimeSpan.FromSeconds(2);

    readonly Lock guard = new();
    readonly LinkedList<JsonElement> latest = [];
    JsonElement status;
    string? trouble;
    long seen;

    public async Task<ExitCode> RunAsync(FollowTasks follow, string path, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await ReadStatusAsync(ct); // a refusal is told as such, before anything is drawn
        await frame.Terminal.DrawAsync(async draw =>
        {
            var reading = ReadEventsAsync(follow, path, end.Token);
            var asking = AskAsync(end.Token);
            while (!reading.IsCompleted && !end.IsCancellationRequested)
            {
                draw(Picture);
                await Task.WhenAny(reading, Task.Delay(Every, frame.Time, end.Token));
            }
            await end.CancelAsync();
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await reading;
        });
        return ExitCode.Done;
    }

    async Task ReadEventsAsync(FollowTasks follow, string path, CancellationToken ct)
    {
        await foreach (var e in follow.RunAsync(path, () => { }, ct))
            lock (guard)
            {
                seen++;
                latest.AddFirst(e);
                if (latest.Count > MostKept) latest.RemoveLast();
            }
    }

    async Task AskAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            await Task.Delay(StatusEvery, frame.Time, ct);
            try
            {
                await ReadStatusAsync(ct);
                trouble = null;
            }
            catch (CommandException e)
            {
                trouble = e.Message; // the view goes on and says so
            }
        }
    }

    async Task ReadStatusAsync(CancellationToken ct) => status = (await client.GetAsync("/api/engine/status", ct)).Document;

    IRenderable Picture(int width, int height)
    {
        var rows = new List<IRenderable> { Heading(), Counts(), new Text("") };
        if (trouble is { } message) rows.Insert(2, new Text(Cut(message, width), new Style(Color.Red)));
        var queues = status.Items("queues").OrderByDescending(q => q.GetProperty("ready").GetInt64()).Take(MostQueues).ToArray();
        if (queues.Length > 0)
        {
            rows.Add(Queues(queues));
            rows.Add(new Text(""));
        }
        var left = height - rows.Count - (queues.Length > 0 ? queues.Length : 0) - 1;
        JsonElement[] events;
        lock (guard) events = [.. latest.Take(Math.Max(0, left))];
        rows.Add(events.Length > 0 ? Events(events, width) : new Text("Nothing has happened since.", new Style(Color.Grey)));
        return new Rows(rows);
    }

    Columns Heading()
    {
        var mode = status.Text("mode");
        var colour = mode == "running" ? Color.Green : mode == "paused" ? Color.Yellow : Color.Red;
        return new Columns(new Text(mode, new Style(colour, decoration: Decoration.Bold)), new Text($"{seen} events"),
            new Text(frame.Time.GetUtcNow().ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture)), new Text("Ctrl-C ends", new Style(Color.Grey))).Collapse();
    }

    Text Counts()
    {
        var workers = status.TryGetProperty("workers", out var w) ? w : default;
        var tasks = status.TryGetProperty("tasks", out var t) && t.ValueKind == JsonValueKind.Object ? t.EnumerateObject().Where(s => s.Value.GetInt64() > 0).Select(s => $"{s.Name} {s.Value.GetInt64()}") : [];
        var counted = status.TryGetProperty("counted_at", out var at) && at.TryGetDateTimeOffset(out var time) ? $" at {time.ToUniversalTime().ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture)}" : "";
        return new Text(HarmlessText.Line($"workers {workers.Text("alive")}, {workers.Text("running")} of {workers.Text("slots")} slots busy; {string.Join(", ", tasks.DefaultIfEmpty("no live tasks"))}{counted}"))
        {
            Overflow = Overflow.Ellipsis,
        };
    }

    static Table Queues(IReadOnlyList<JsonElement> queues) => Of(["Waiting", "Priority", "Tasks", "Oldest"],
        [.. queues.Select(q => new[] { q.Text("kind"), q.Text("priority"), q.Text("ready"), $"{q.GetProperty("oldest_seconds").GetDouble().ToString("0.0", CultureInfo.InvariantCulture)} s" })], [], int.MaxValue);

    static Table Events(IReadOnlyList<JsonElement> events, int width)
    {
        var isNarrow = width < 120;
        // The end of an id tells tasks apart; its beginning is the time.
        return Of(isNarrow ? ["When", "Task", "Event", "Detail"] : ["When", "Task", "Kind", "Event", "By", "Detail"],
            [.. events.Select(e =>
            {
                var (when, id, what, detail) = (ShownTaskText.When(e).Split(' ')[^1], e.Text("task_id"), e.Text("event"), ShownTaskText.Brief(e));
                return isNarrow ? [when, $"…{id[^Math.Min(12, id.Length)..]}", what, detail] : new[] { when, id, e.Text("kind"), what, e.Text("actor"), detail };
            })],
            [.. events.Select(e => Colour(e.Text("state")))], width);
    }

    /// <summary>Columns as wide as they must be, at most 36 wide; the last one has what is left of the width, each row a line.</summary>
    /// <param name="colours">Of the rows; empty: none.</param>
    static Table Of(IReadOnlyList<string> columns, IReadOnlyList<string[]> rows, IReadOnlyList<Color> colours, int width)
    {
        const int Widest = 36, Gap = 2;
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        var left = width;
        var widths = new int[columns.Count];
        for (var i = 0; i < columns.Count; i++)
        {
            var wide = Math.Min(Widest, rows.Select(r => r[i].Length).Append(columns[i].Length).Max());
            if (i == columns.Count - 1 && width < int.MaxValue) wide = Math.Max(1, left);
            left -= wide + Gap;
            widths[i] = wide;
            table.AddColumn(new TableColumn(new Text(columns[i], new Style(decoration: Decoration.Bold))).NoWrap().Padding(0, 0, i == columns.Count - 1 ? 0 : Gap, 0).Width(wide));
        }
        for (var n = 0; n < rows.Count; n++)
            table.AddRow(rows[n].Select((text, i) => new Text(Cut(HarmlessText.Line(text), widths[i]), colours.Count > n ? new Style(colours[n]) : null)));
        return table;
    }

    static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    static Color Colour(string state) => state switch
    {
        "succeeded" => Color.Green, "dead" or "failed" => Color.Red, "blocked" or "waiting_approval" or "cancelled" => Color.Yellow, "running" => Color.Blue, _ => Color.Default,
    };
}
