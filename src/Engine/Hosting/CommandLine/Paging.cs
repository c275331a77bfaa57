using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Engine.Hosting.CommandLine;

/// <summary>Reads a listing page by page until enough rows are there, and shows them.</summary>
static class Paging
{
    const int LargestPage = 200, MostRows = 10_000, MostEmptyPages = 1000;

    public static Option<int> Limit()
    {
        return new Option<int>("--limit")
        {
            Description = $"Rows to list at most, 1 to {MostRows}.", HelpName = "N", DefaultValueFactory = _ => 100,
            CustomParser = result =>
            {
                var given = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MostRows) return count;
                result.AddError($"--limit must be a whole number from 1 to {MostRows}, is \"{given}\".");
                return 0;
            },
        };
    }

    /// <param name="path">May hold a query already.</param>
    /// <param name="row">The texts of one row, in the order of the columns.</param>
    public static async Task<ExitCode> ListAsync(
        this EngineClient client, CommandFrame frame, ParseResult parse, string path, int limit,
        IReadOnlyList<string> columns, Func<JsonElement, IReadOnlyList<string>> row, CancellationToken ct)
    {
        var items = new List<JsonElement>();
        string? next = null;
        var emptyPages = 0;
        do
        {
            var query = $"limit={Math.Min(limit - items.Count, LargestPage)}" + (next is null ? "" : $"&page_token={Uri.EscapeDataString(next)}");
            var page = (await client.GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}", ct)).Document;
            var before = items.Count;
            items.AddRange(page.Items());
            next = page.TryGetProperty("next_page_token", out var token) ? token.GetString() : null;
            // A search for few among many goes on over pages without any; one that has no end is not an engine's.
            if (items.Count == before && ++emptyPages > MostEmptyPages) break;
        }
        while (next is not null && items.Count < limit);

        if (parse.GetValue(frame.Json)) frame.Terminal.Json(json => Write(json, items, next));
        else if (items.Count == 0) frame.Terminal.Note("Nothing to list.");
        else frame.Terminal.Table(columns, items.Select(row));
        if (next is not null && !parse.GetValue(frame.Json)) frame.Terminal.Note($"There are more than these {items.Count}; raise --limit to see them.");
        return ExitCode.Done;
    }

    static void Write(Utf8JsonWriter json, IEnumerable<JsonElement> items, string? next)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var item in items) item.WriteTo(json);
        json.WriteEndArray();
        json.WriteString("next_page_token", next);
        json.WriteEndObject();
    }
}
