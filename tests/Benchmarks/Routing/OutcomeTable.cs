using System.Globalization;
using System.Text.Json;

namespace Benchmarks.Routing;

/// <summary>A public table of what models made of tasks: the quality and the cost of each, for each task.</summary>
sealed record OutcomeTable(string Name, IReadOnlyList<TableModel> Models, IReadOnlyList<TableTask> Tasks)
{
    /// <summary>Reads the three files that a table is.</summary>
    /// <exception cref="IOException">One is missing.</exception>
    public static OutcomeTable Read(string folder, string name)
    {
        using var models = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"{name}.models.json")));
        var all = models.RootElement.EnumerateArray().Select(TableModel.Of).ToList();
        var prompts = new Dictionary<string, (string Domain, int Chars)>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Combine(folder, $"{name}.prompts.jsonl")))
        {
            using var prompt = JsonDocument.Parse(line);
            prompts[prompt.RootElement.GetProperty("id").GetString()!] = (prompt.RootElement.GetProperty("domain").GetString()!, prompt.RootElement.GetProperty("chars").GetInt32());
        }
        var lines = File.ReadLines(Path.Combine(folder, $"{name}.outcomes.csv")).Select(l => l.Split(',')).ToList();
        var (quality, cost) = (Columns(lines[0], all, "q"), Columns(lines[0], all, "c"));
        var tasks = lines.Skip(1).Where(l => quality.Concat(cost).All(c => l[c].Length > 0)).Select(l => new TableTask(prompts[l[0]].Domain, prompts[l[0]].Chars,
            [.. quality.Zip(cost, (q, c) => (double.Parse(l[q], CultureInfo.InvariantCulture), decimal.Parse(l[c], NumberStyles.Float, CultureInfo.InvariantCulture)))]));
        return new OutcomeTable(name, all, [.. tasks]);
    }

    static int[] Columns(string[] header, IEnumerable<TableModel> models, string what) => [.. models.Select(m => Array.IndexOf(header, $"{m.Id}|{what}"))];
}

/// <param name="Card">Success on an independent benchmark, 0 to 1; null: not published.</param>
sealed record TableModel(string Id, double InPerMtok, double OutPerMtok, int OutTokens, double? Card)
{
    /// <summary>Where the table does not say how long answers are.</summary>
    const int UsualAnswer = 300;

    public static TableModel Of(JsonElement model) => new(model.GetProperty("id").GetString()!, model.GetProperty("in_usd_per_mtok").GetDouble(), model.GetProperty("out_usd_per_mtok").GetDouble(),
        model.TryGetProperty("nominal_out_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Number ? tokens.GetInt32() : UsualAnswer,
        model.GetProperty("card") is { ValueKind: JsonValueKind.Number } card ? card.GetDouble() / 100 : null);

    public double PricePerMtok => (3 * InPerMtok + OutPerMtok) / 4;

    /// <summary>By list price, four characters a token.</summary>
    public decimal ExpectedUsd(int chars) => (decimal)((chars / 4.0 * InPerMtok + OutTokens * OutPerMtok) / 1e6);
}

/// <param name="Domain">The kind of task that an engine would know.</param>
/// <param name="Outcomes">By model: what it was worth, 0 to 1, and what it cost.</param>
sealed record TableTask(string Domain, int Chars, (double Quality, decimal CostUsd)[] Outcomes);
