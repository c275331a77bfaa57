using System.CommandLine;
using Crawlers.Logs.Events;
using Crawlers.Logs.Fingerprints;
using Engine.Hosting.CommandLine;

namespace Engine.Logs;

/// <summary><c>engine logs explain</c>: which masks and frames made the fingerprint of an event.</summary>
static class ExplainCommand
{
    public static DocumentedCommand Create(CommandFrame frame)
    {
        var input = new Argument<string>("event") { Description = "The event as it was logged, @FILE to read it from a file, or - for standard input, which is the default.", DefaultValueFactory = _ => "-" };
        var format = LogSource.Format();
        var command = new DocumentedCommand("explain", "Show why an event has its fingerprint: its header, what was masked, which frames count.",
            "engine logs explain \"2026-03-01 09:00:00 ERROR [main] shop.Orders - order 66485 was lost\"\nengine logs explain @trace.txt") { input, format, frame.Json };
        return command.Runs(parse =>
        {
            var given = parse.GetRequiredValue(input);
            var explanation = ExplainEvent.Run(Read(frame, given), LogSource.Of(parse.GetRequiredValue(format)));
            if (parse.GetValue(frame.Json)) Document(frame.Terminal, explanation);
            else Tell(frame.Terminal, explanation);
            return ExitCode.Done;
        });
    }

    static string Read(CommandFrame frame, string given)
    {
        if (given == "-") return frame.Input.ReadToEnd().TrimEnd('\n');
        if (!given.StartsWith('@')) return given;
        using var reader = new StreamReader(LogSource.Open(given[1..]));
        return reader.ReadToEnd().TrimEnd('\n');
    }

    static void Tell(Terminal terminal, Explanation e)
    {
        terminal.Facts(
        [
            ("Fingerprint", e.Fingerprint.Key), ("Template", e.Fingerprint.Template), ("Level", e.Level.Name()), ("Header", e.Header.Trim()), ("Logger", e.Logger), ("Thread", e.Thread), ("Message", e.Message),
            .. e.Fingerprint.Type is null ? [] : new[] { ("Type", e.Fingerprint.Type), ("Root cause", e.Fingerprint.RootType ?? "") },
        ]);
        if (e.Masks.Count > 0)
        {
            terminal.Say("");
            terminal.Table(["Masked", "As"], e.Masks.Select(m => new[] { m.Text, m.Kind.ToString() }));
        }
        if (e.Frames.Count == 0) return;
        terminal.Say("");
        terminal.Table(["Frame", "In the fingerprint", "Place", "Of"], e.Frames.Select(f => new[] { f.Frame.Name, f.Role, f.Frame.File is { } file ? $"{file}:{f.Frame.Line}" : "", f.Exception }));
    }

    static void Document(Terminal terminal, Explanation e) => terminal.Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("fingerprint", e.Fingerprint.Key);
        json.WriteString("template", e.Fingerprint.Template);
        json.WriteString("level", e.Level.Name());
        json.WriteString("header", e.Header);
        json.WriteString("logger", e.Logger);
        json.WriteString("thread", e.Thread);
        json.WriteString("message", e.Message);
        json.WriteStartArray("masks");
        foreach (var mask in e.Masks)
        {
            json.WriteStartObject();
            json.WriteString("text", mask.Text);
            json.WriteString("kind", mask.Kind.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("frames");
        foreach (var frame in e.Frames)
        {
            json.WriteStartObject();
            json.WriteString("exception", frame.Exception);
            json.WriteString("name", frame.Frame.Name);
            json.WriteString("role", frame.Role);
            json.WriteString("file", frame.Frame.File);
            json.WriteNumber("line", frame.Frame.Line);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
