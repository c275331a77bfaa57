using System.Text;

namespace Benchmarks.Logs;

/// <summary>A labelled set of real log lines.</summary>
/// <param name="Truth">The template of each line.</param>
/// <param name="IsError">Whether the line says by its level, or by its wording where there is none, that something failed.</param>
public sealed record LoghubSet(string Name, string Path, IReadOnlyList<string> Truth, IReadOnlyList<bool> IsError)
{
    static readonly string[] ErrorLevels = ["ERROR", "FATAL", "SEVERE", "FAILURE", "CRITICAL", "E", "F"];
    static readonly string[] ErrorWords = ["error", "fail", "fatal", "exception", "denied", "unable", "cannot", "refused", "abnormal", "illegal"];

    /// <summary>All sets in the folder, by name.</summary>
    public static IReadOnlyList<LoghubSet> Read(string folder) =>
        [.. Directory.GetFiles(folder, "*_2k.log_structured.csv", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(ReadOne)];

    static LoghubSet ReadOne(string csv)
    {
        var rows = Rows(File.ReadAllText(csv)).ToList();
        var columns = rows[0];
        int id = columns.IndexOf("EventId"), template = columns.IndexOf("EventTemplate"), level = columns.IndexOf("Level"), content = columns.IndexOf("Content");
        var hasLevels = level >= 0 && rows.Skip(1).Any(r => r[level] is "INFO" or "notice" or "I" or "Info");
        var data = rows.Skip(1).Where(r => r.Count == columns.Count).ToList();
        return new LoghubSet(Path_(csv), csv[..^"_structured.csv".Length], [.. data.Select(r => r[id])],
            [.. data.Select(r => hasLevels ? ErrorLevels.Contains(r[level].ToUpperInvariant()) : ErrorWords.Any(w => r[template].Contains(w, StringComparison.OrdinalIgnoreCase)))]);
    }

    static string Path_(string csv) => System.IO.Path.GetFileName(csv)[..^"_2k.log_structured.csv".Length];

    /// <summary>RFC 4180: a field in quotes may hold commas, line breaks and doubled quotes.</summary>
    static IEnumerable<List<string>> Rows(string text)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else quoted = false;
            }
            else if (c == '"') quoted = true;
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == ',') continue;
                yield return row;
                row = [];
            }
            else field.Append(c);
        }
        if (row.Count == 0) yield break;
        row.Add(field.ToString());
        yield return row;
    }
}
