
namespace Crawlers.Logs.Fingerprints;

/// <summary>Reads stack traces of Java, .NET, Python, Node, Go, Ruby and Rust, with their chains of causes, out of the text of an event.</summary>
public sealed class ParseTrace
{
    readonly List<Part> parts = [];
    readonly List<string> texts = []; // since the last frame
    Part? current;
    bool isRootFirst, isGroup, hasGoRoutine, isDone;
    int membersIndent = Unknown; // of the members of an AggregateError
    const int Unknown = -1, Expected = -2;
    string panic = "";

    /// <summary>An exception while it is read.</summary>
    sealed class Part
    {
        public string Type = "";
        public string Message = "";
        public List<TraceFrame> Frames { get; } = [];
        public bool IsPython;
        public int Indent = Unknown;
        public bool IsRust;
    }

    /// <param name="text">An event; its first line may have a header.</param>
    /// <returns>Null when there is no trace in it.</returns>
    public static Trace? Run(ReadOnlySpan<char> text)
    {
        var parse = new ParseTrace();
        string? previous = null;
        foreach (var range in text.Split('\n'))
        {
            var line = text[range].TrimEnd().ToString();
            parse.Read(line, previous);
            previous = line;
        }
        return parse.Finish();
    }

    void Read(string raw, string? previous)
    {
        if (isDone || raw.Length == 0) return;
        var line = raw.AsSpan().TrimStart();
        if (line.Length > 0 && line[0] is '|' or '+') line = line[1..].TrimStart("|+- "); // Python's exception groups
        if (line.IsEmpty || line[0] is '^' or '~') return;
        var indent = raw.Length - line.Length;

        if (line.StartsWith("Traceback (most recent call last)") || line.StartsWith("Exception Group Traceback"))
        {
            current = Start(new Part { IsPython = true, Indent = indent });
            isRootFirst |= !isGroup;
            return;
        }
        if (line.StartsWith("goroutine "))
        {
            if (hasGoRoutine) isDone = true; // the others only stand by
            hasGoRoutine = true;
            if (current is null) current = Start(Panic());
            return;
        }
        if (ReadFrames.Python(line) is { } python)
        {
            current ??= Start(new Part { IsPython = true });
            current.Frames.Insert(0, python);
            return;
        }
        if (previous is not null && ReadFrames.Go(raw, previous) is { } go)
        {
            if (current is null || (current.Frames.Count == 0 && current.Type.Length == 0 && panic.Length > 0 && parts.Count == 0)) current = Start(Panic());
            if (texts.Count > 0 && texts[^1] == previous) texts.RemoveAt(texts.Count - 1);
            current.Frames.Add(go);
            return;
        }
        if (current is { IsRust: true, Frames.Count: > 0 } && line.StartsWith("at "))
        {
            current.Frames[^1] = ReadFrames.RustPlace(current.Frames[^1], line[3..]);
            return;
        }
        if (Headline.Ruby(line) is var (rubyType, rubyMessage))
        {
            current = Start(new Part { Type = rubyType, Message = rubyMessage });
            if (ReadFrames.Ruby(line[..(line.IndexOf("': ") + 1)]) is { } thrower) current.Frames.Add(thrower);
            return;
        }
        if (ReadFrames.At(line) is { } frame || (ReadFrames.Ruby(line) is { } ruby && (frame = ruby) is not null) || (ReadFrames.Rust(line) is { } rust && (frame = rust) is not null))
        {
            if (texts.Count > 0 || current is null) FromTexts();
            current!.Frames.Add(frame);
            return;
        }
        if (current is { IsPython: true, Frames.Count: > 0, Type: "" })
        {
            // Deeper than the traceback's first line is the source of the frame.
            if (indent > Math.Max(0, current.Indent) || (Headline.Of(line) ?? Headline.OfPython(line)) is not var (type, message)) return;
            (current.Type, current.Message) = (type, message);
            if (isGroup) isDone = true; // its first exception stands for all
            isGroup |= type.EndsWith("ExceptionGroup", StringComparison.Ordinal);
            if (isGroup) isRootFirst = false;
            return;
        }
        if (line.StartsWith("[errors]: [")) membersIndent = Expected;
        else if (membersIndent != Unknown && Headline.Of(line) is not null && !line.StartsWith("["))
        {
            if (membersIndent == indent) isDone = true; // the first member stands for all
            if (isDone) return;
            if (membersIndent == Expected)
            {
                if (texts.Count > 0) FromTexts();
                membersIndent = indent;
            }
        }
        if (line.StartsWith("panic: ") || line.StartsWith("fatal error: "))
        {
            if (panic.Length == 0) panic = line.ToString();
            return;
        }
        if (line.StartsWith("thread '") && RustPanic(line)) return;
        if (line.StartsWith("--- End of inner exception"))
        {
            current = Enclosing();
            texts.Clear();
            return;
        }
        if (line.StartsWith("---> ") && parts.Count + texts.Count > 0)
        {
            if (texts.Count > 0) FromTexts();
            texts.Add(line[5..].ToString());
            FromTexts();
            return;
        }
        if (line.StartsWith("Suppressed: ")) isDone = true;
        if (texts.Count < 20) texts.Add(raw);
    }

    // .NET prints the frames of the inner exception first: what follows its end belongs to the one around it.
    Part? Enclosing()
    {
        var at = current is null ? parts.Count - 1 : parts.IndexOf(current) - 1;
        return at >= 0 ? parts[at] : current;
    }

    Part Start(Part part)
    {
        parts.Add(part);
        texts.Clear();
        return part;
    }

    Part Panic()
    {
        var text = panic.AsSpan();
        var part = new Part { Type = "panic", Message = panic };
        if (text.StartsWith("fatal error: ")) part.Type = "fatal error: " + text[13..].ToString();
        else if (text.StartsWith("panic: runtime error: "))
        {
            var end = text[22..].IndexOfAny('[', ':');
            part.Type = (end < 0 ? text[7..] : text.Slice(7, 15 + end)).Trim().ToString();
        }
        else if (text.Length > 7)
        {
            // panic: main.OutOfStock{…}
            var value = text[7..];
            if (value[0] == '(' && value.IndexOf(')') is var close and > 0 && value[..close].Contains('.')) part.Type = value[1..close].TrimStart('*').ToString(); // (*main.OutOfStock) 0xc000…
            var brace = value.IndexOfAny('{', '(');
            if (brace > 0 && value[..brace].Contains('.') && !value[..brace].Contains(' ')) part.Type = value[..brace].TrimStart('&').ToString();
        }
        return part;
    }

    bool RustPanic(ReadOnlySpan<char> line)
    {
        var at = line.IndexOf("panicked at ");
        if (at < 0) return false;
        var rest = line[(at + 12)..];
        var message = "";
        if (rest.Length > 0 && rest[0] == '\'' && rest.LastIndexOf("', ") is var end and > 0) 
        {
            message = rest[1..end].ToString();
            rest = rest[(end + 3)..];
        }
        var colon = rest.IndexOf(".rs:");
        var file = colon > 0 ? rest[..(colon + 3)].ToString() : rest.ToString();
        current = Start(new Part { IsRust = true, Type = $"panic in {file[(file.LastIndexOfAny(['/', '\\']) + 1)..]}", Message = message });
        return true;
    }

    // The lines between two runs of frames name the exception; a message of several lines begins with the name.
    void FromTexts()
    {
        (string Type, string Message)? named = null;
        foreach (var text in texts)
        {
            if (Headline.Of(text.AsSpan().TrimStart()) is not { } found) continue;
            if (named is null || (!Headline.LooksLikeException(named.Value.Type) && Headline.LooksLikeException(found.Type))) named = found;
        }
        if (named is null && texts.Count > 0) named = Headline.Within(texts[^1]);
        if (named is var (type, message) && current is not { IsRust: true, Frames.Count: 0 }) current = new Part { Type = type, Message = message };
        current ??= new Part();
        if (!parts.Contains(current)) parts.Add(current);
        texts.Clear();
    }

    Trace? Finish()
    {
        // An exception with a cause and no frames of its own, or a name without a trace below it.
        foreach (var text in texts)
            if (Headline.Of(text.AsSpan().TrimStart()) is var (type, message) && type.Length > 0 && (text.Contains("Caused by: ", StringComparison.Ordinal) || text.Contains("[cause]: ", StringComparison.Ordinal) || parts.Count == 0))
                parts.Add(new Part { Type = type, Message = message });
        if (panic.Length > 0 && parts.Count == 0) parts.Add(Panic());
        parts.RemoveAll(p => p.Frames.Count == 0 && p.Type.Length == 0);
        if (parts.Count == 0) return null;
        if (isRootFirst) parts.Reverse();
        return new Trace([.. parts.Select(p => new TraceException(p.Type, p.Message, p.Frames))]);
    }
}
