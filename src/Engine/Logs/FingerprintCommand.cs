using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs fingerprint</c>: the events of a file and which error each is, a line of JSON for each; no database is needed.</summary>
static class FingerprintCommand
{
    static readonly JsonWriterOptions Form = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static DocumentedCommand Create(CommandFrame frame)
    {
        var input = new Option<string?>("--input") { Description = "A file of log lines; - is standard input.", HelpName = "FILE" };
        var cases = new Option<string?>("--cases") { Description = "A file with a JSON object a line that has id and text: an event.", HelpName = "FILE" };
        var format = LogSource.Format();
        var command = new DocumentedCommand("fingerprint", "Print the events of a file as JSON lines: their lines, level, fingerprint, and group after what this run learned.",
            "engine logs fingerprint --input app.log\njournalctl -o json | engine logs fingerprint --input - --format journald\nengine logs fingerprint --cases cases.jsonl") { input, format, cases };
        command.Validators.Add(result =>
        {
            if (result.GetResult(input) is null == result.GetResult(cases) is null) result.AddError("Give either --input or --cases.");
        });
        return command.Runs((parse, ct) =>
        {
            if (parse.GetValue(cases) is { } file) Cases(frame.Terminal, file, ct);
            else Lines(frame.Terminal, parse.GetRequiredValue(input)!, LogSource.Of(parse.GetRequiredValue(format)), ct);
            return Task.FromResult(ExitCode.Done);
        });
    }

    static void Lines(Terminal terminal, string path, LogFormat format, CancellationToken ct)
    {
        using var source = LogSource.Open(path);
        var run = FingerprintRun.Of(source, format, ct);
        Print(terminal, run.Events(), (json, e) =>
        {
            json.WriteStartArray("lines");
            foreach (var line in e.Lines) json.WriteNumberValue(line);
            json.WriteEndArray();
            json.WriteString("level", e.Level.Name());
            Fingerprint(json, e.Fingerprint, e.Group);
        }, ct);
        if (run.DroppedBytes > 0) terminal.Note($"{run.DroppedBytes} bytes of lines that are longer than {LineReader.DefaultMaxLineBytes} bytes were passed over.");
    }

    static void Cases(Terminal terminal, string path, CancellationToken ct)
    {
        using var source = LogSource.Open(path);
        var fingerprint = new FingerprintEvent();
        var events = ReadCases(source, path).Select(c => (c.Id, Fingerprint: fingerprint.Run(c.Text))).ToList();
        var aliases = LearnAliases.From(events.Select(e => e.Fingerprint));
        Print(terminal, events, (json, e) =>
        {
            json.WriteString("id", e.Id);
            Fingerprint(json, e.Fingerprint, aliases.TryGetValue(e.Fingerprint.Key, out var alias) ? alias.To : e.Fingerprint.Key);
        }, ct);
    }

    static IEnumerable<(string Id, string Text)> ReadCases(Stream source, string path)
    {
        using var reader = new StreamReader(source);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0) continue;
            (string, string) found;
            try
            {
                using var document = JsonDocument.Parse(line);
                found = (document.RootElement.GetProperty("id").ToString(), document.RootElement.GetProperty("text").GetString()!);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new CommandException(ExitCode.Misuse, $"{path}, line {number}: not a JSON object with id and text.", null, e);
            }
            yield return found;
        }
    }

    static void Fingerprint(Utf8JsonWriter json, Fingerprint fingerprint, string group)
    {
        json.WriteString("fingerprint", fingerprint.Key);
        json.WriteString("group", group);
        json.WriteString("template", fingerprint.Template);
        if (fingerprint.Type is null) return;
        json.WriteString("type", fingerprint.Type);
        json.WriteStartArray("frames");
        foreach (var name in fingerprint.Frames) json.WriteStringValue(name);
        json.WriteEndArray();
    }

    // Many lines at a time: a write to a terminal or a pipe costs more than making the line.
    static void Print<T>(Terminal terminal, IEnumerable<T> events, Action<Utf8JsonWriter, T> write, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer, Form);
        foreach (var e in events)
        {
            json.WriteStartObject();
            write(json, e);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            buffer.WriteByte((byte)'\n');
            if (buffer.Length < 64 * 1024) continue;
            Send();
            ct.ThrowIfCancellationRequested();
        }
        Send();

        void Send()
        {
            terminal.Print(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
            buffer.SetLength(0);
        }
    }
}
