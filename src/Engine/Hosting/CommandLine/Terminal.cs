using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Hosting.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Engine.Hosting.CommandLine;

/// <summary>Where a command writes: results to standard output, everything said about them to standard error.</summary>
/// <param name="isOutputTerminal">Whether a person looks at the output; else it goes to a file or a program.</param>
/// <param name="isErrorTerminal">The same for standard error; progress is shown only there.</param>
/// <param name="isColoured">False under <c>NO_COLOR</c> and on dumb terminals.</param>
public sealed class Terminal(TextWriter output, TextWriter error, bool isOutputTerminal, bool isErrorTerminal, bool isColoured)
{
    const int UnboundedWidth = 32_000;

    static readonly JsonWriterOptions JsonForm = new()
    {
        Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // for pages; a terminal is cared for below
    };

    static readonly JsonSerializerOptions JsonLineForm = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    public bool IsErrorTerminal { get; } = isErrorTerminal;

    /// <summary>Whether a picture can be drawn on the output again and again: a person looks at a terminal that knows how.</summary>
    public bool CanDraw { get; } = isOutputTerminal && isColoured;

    public static Terminal OfThisProcess(IDictionary environment) => new(
        Console.Out, Console.Error, !Console.IsOutputRedirected, !Console.IsErrorRedirected,
        environment["NO_COLOR"] is not string { Length: > 0 } && environment["TERM"] is not "dumb");

    /// <summary>One line of a result; the text is made safe to print.</summary>
    public void Say(string text) => Output.WriteLine(HarmlessText.Lines(text));

    /// <summary>A piece of a result that goes on, shown at once.</summary>
    public void Print(string text)
    {
        Output.Write(HarmlessText.Lines(text));
        Output.Flush();
    }

    /// <summary>A remark that is no part of the result.</summary>
    public void Note(string text) => Error.WriteLine(HarmlessText.Lines(text));

    /// <summary>The one JSON document of a command with <c>--json</c>.</summary>
    public void Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonForm)) write(writer);
        Say(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length)); // what that escapes is in a string, as JSON escapes it
    }

    public void Json(JsonElement document) => Json(document.WriteTo);

    /// <summary>A line a row, never cut or wrapped: what it shows can be copied, and taken apart by programs.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).NoWrap().PadRight(2));
        foreach (var row in rows) table.AddRow(row.Select(text => new Text(HarmlessText.Line(text))));
        Write(table, UnboundedWidth);
    }

    /// <summary>Names and values, one pair a line.</summary>
    public void Facts(IEnumerable<(string Name, string Value)> facts)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(2)).AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        foreach (var (name, value) in facts)
            grid.AddRow(new Text(name, new Style(decoration: Decoration.Bold)), new Text(HarmlessText.Lines(value)));
        Write(grid);
    }

    /// <summary>One line in a colour, where colours are shown.</summary>
    public void Line(string text, Color colour)
    {
        if (isOutputTerminal && isColoured) Write(new Text(HarmlessText.Lines(text) + "\n", new Style(colour)));
        else Say(text);
    }

    /// <summary>One JSON document on one line: for results that never end.</summary>
    public void JsonLine(JsonElement document)
    {
        Say(JsonSerializer.Serialize(document, JsonLineForm));
        Output.Flush();
    }

    /// <summary>Shows pictures, each in the place of the one before, until the work is done; what was on the screen comes back then.</summary>
    /// <param name="work">Gets what draws a picture that is made for a width and a height.</param>
    public async Task DrawAsync(Func<Action<Func<int, int, IRenderable>>, Task> work)
    {
        const string Begin = "\e[?1049h\e[?25l", Home = "\e[H", EndOfLine = "\e[K", EndOfScreen = "\e[J", End = "\e[?25h\e[?1049l";
        Output.Write(Begin);
        try
        {
            await work(picture =>
            {
                var (width, height) = (Math.Max(Console.WindowWidth, 20), Math.Max(Console.WindowHeight, 5));
                var lines = Text(picture(width, height), width).Split('\n')[..^1].Take(height);
                Output.Write(Home + string.Join($"{EndOfLine}\r\n", lines.Select(l => l.TrimEnd())) + EndOfLine + EndOfScreen);
                Output.Flush();
            });
        }
        finally
        {
            Output.Write(End);
            Output.Flush();
        }
    }

    // Made when needed: most scripts never see a table, and should not pay for one.
    void Write(IRenderable what, int? width = null)
    {
        var text = Text(what, width ?? (isOutputTerminal ? Math.Max(Console.WindowWidth, 40) : UnboundedWidth));
        foreach (var line in text.Split('\n')[..^1]) Output.WriteLine(line.TrimEnd()); // columns are padded to the last
    }

    string Text(IRenderable what, int width)
    {
        using var plain = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isOutputTerminal && isColoured ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isOutputTerminal && isColoured ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(plain),
        });
        console.Profile.Width = width;
        console.Write(what);
        return plain.ToString();
    }
}
