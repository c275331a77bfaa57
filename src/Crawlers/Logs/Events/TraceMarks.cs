using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Events;

/// <summary>What a line is in a stack trace.</summary>
enum TraceMark
{
    None,

    /// <summary>Begins an event whatever was before: panic:, Unhandled exception.</summary>
    Start,

    /// <summary>Python's first line.</summary>
    Traceback,

    /// <summary>Type: message.</summary>
    Exception,
    Frame,

    /// <summary>Caused by, ---&gt;, [cause].</summary>
    Cause,

    /// <summary>Points at a place in the line above it; the exception is still to come.</summary>
    Caret,

    /// <summary>Python's sentence between two tracebacks.</summary>
    Announcement,

    /// <summary>Belongs to a trace that has begun.</summary>
    Part,
}

/// <summary>Recognises lines of traces of Java, .NET, Python, Node, Go, Ruby and Rust by how they begin.</summary>
static class TraceMarks
{
    public static TraceMark Of(ReadOnlySpan<byte> line)
    {
        var text = line.TrimStart(" \t"u8);
        if (text.IsEmpty) return TraceMark.None;
        var isIndented = text.Length < line.Length;
        switch (text[0])
        {
            case (byte)'a' when text.StartsWith("at "u8) && (isIndented || text.Contains((byte)'(')):
                return TraceMark.Frame;
            case (byte)'C' when text.StartsWith("Caused by:"u8):
            case (byte)'S' when text.StartsWith("Suppressed: "u8):
            case (byte)'-' when text.StartsWith("---> "u8) || text.StartsWith("--- End of "u8):
            case (byte)'[' when text.StartsWith("[cause]: "u8) || text.StartsWith("[errors]: "u8):
                return TraceMark.Cause;
            case (byte)'F' when text.StartsWith("File \""u8) && isIndented:
                return TraceMark.Frame;
            case (byte)'.' when text.StartsWith("... "u8) && isIndented:
                return TraceMark.Part;
            case (byte)'T' when text.StartsWith("Traceback (most recent call last)"u8):
                return TraceMark.Traceback;
            case (byte)'T' when text.StartsWith("The above exception was the direct cause"u8):
            case (byte)'D' when text.StartsWith("During handling of the above exception"u8):
                return TraceMark.Announcement;
            case (byte)'+' when text.IndexOf("Exception Group Traceback"u8) > 0:
                return isIndented || text.StartsWith("+ "u8) ? TraceMark.Traceback : TraceMark.None;
            case (byte)'|' or (byte)'+' when isIndented:
                return TraceMark.Part;
            case (byte)'p' when !isIndented && text.StartsWith("panic: "u8):
            case (byte)'f' when !isIndented && text.StartsWith("fatal error: "u8):
            case (byte)'U' when !isIndented && (text.StartsWith("Unhandled exception"u8) || text.StartsWith("Uncaught "u8)):
            case (byte)'E' when !isIndented && text.StartsWith("Exception in thread "u8):
            case (byte)'t' when !isIndented && text.StartsWith("thread '"u8) && text.IndexOf("panicked at"u8) > 0:
                return TraceMark.Start;
            case (byte)'g' when text.StartsWith("goroutine "u8):
            case (byte)'s' when text.StartsWith("stack backtrace:"u8):
            case (byte)'n' when text.StartsWith("note: "u8):
            case (byte)'e' when text.StartsWith("exit status "u8):
            case (byte)'c' when text.StartsWith("created by "u8):
            case (byte)'^' or (byte)'~' when isIndented && !text.ContainsAnyExcept((byte)'^', (byte)'~'):
                return TraceMark.Caret;
            case (byte)'/' or (byte)'n' when !isIndented && IsNodePlace(text):
                return TraceMark.Start;
            case (byte)'N' when text.StartsWith("Node.js v"u8):
            case (byte)'}' or (byte)']' when text.Length <= 3:
            case (byte)'[' when text.StartsWith("[signal "u8) || text.StartsWith("[Previous line repeated"u8):
            case (byte)'f' when text.StartsWith("from "u8) && isIndented && text.IndexOf(":in "u8) > 0:
                return TraceMark.Part;
        }
        if (isIndented) return text.StartsWith("/"u8) && text.IndexOf(".go:"u8) > 0 ? TraceMark.Frame : TraceMark.None;
        if (text[^1] == (byte)')' && IsGoCall(text)) return TraceMark.Part;
        if (text.IndexOf(":in "u8) is > 0 and < 300 && text[..text.IndexOf(":in "u8)].Contains((byte)':')) return TraceMark.Exception; // Ruby: file.rb:12:in 'm': message (Type)
        return IsException(text) ? TraceMark.Exception : TraceMark.None;
    }

    // /app/app.js:45 alone: Node shows the line that threw before the exception that nobody caught
    static bool IsNodePlace(ReadOnlySpan<byte> text)
    {
        var colon = text.LastIndexOf((byte)':');
        if (colon < 4 || text.Contains((byte)' ') || colon == text.Length - 1 || text[(colon + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        return text.StartsWith("node:"u8) || text[..colon].EndsWith("js"u8) || text[..colon].EndsWith(".ts"u8);
    }

    // main.(*T).save(0x16?, …)
    static bool IsGoCall(ReadOnlySpan<byte> text)
    {
        var open = text.IndexOf((byte)'(');
        return open > 0 && !text[..open].Contains((byte)' ') && text[..open].Contains((byte)'.');
    }

    /// <summary>A name of a type, with dots or an ending that names of exceptions have, and then a colon or nothing.</summary>
    public static bool IsException(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOfAny((byte)':', (byte)' ');
        var name = end < 0 ? text : text[..end];
        if (end >= 0 && text[end] == (byte)' ' && !text[end..].StartsWith(" ["u8) && !text[end..].StartsWith(" (0x"u8)) return false;
        if (end >= 0 && text[end] == (byte)':' && end + 1 < text.Length && text[end + 1] != (byte)' ') return false;
        if (name.Length < 5 || name.ContainsAnyExcept(ByteClasses.TypeName)) return false;
        var last = name[(name.LastIndexOfAny((byte)'.', (byte)'$', (byte)'+') + 1)..];
        if (last.IsEmpty || last[0] is < (byte)'A' or > (byte)'Z') return false;
        return last.EndsWith("Error"u8) || last.EndsWith("Exception"u8) || last.EndsWith("Warning"u8) || last.EndsWith("Interrupt"u8) || last.EndsWith("Group"u8)
            || (name.Contains((byte)'.') && name[0] is >= (byte)'a' and <= (byte)'z' && last.Length < name.Length);
    }
}
