using System.Buffers;

namespace Crawlers.Logs.Fingerprints;

/// <summary>The line of a trace that names the exception.</summary>
static class Headline
{
    static readonly SearchValues<char> NotInNames = SearchValues.Create(" ()'\"[]{}=,");

    /// <returns>Type and message; null when the line names no type.</returns>
    public static (string Type, string Message)? Of(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("Caused by: ")) line = line[11..];
        else if (line.StartsWith("[cause]: ")) line = line[9..];
        else if (line.StartsWith("---> ")) line = line[5..];
        else if (line.StartsWith("Uncaught ")) line = line[9..];
        else if (line.StartsWith("Unhandled exception. ")) line = line[21..];
        else if (line.StartsWith("Unhandled exception: ")) line = line[21..];
        else if (line.StartsWith("Exception in thread \"") && line[21..].IndexOf("\" ") is var quote and >= 0) line = line[(21 + quote + 2)..];
        if (line.StartsWith("(Inner Exception #") && line.IndexOf(") ") is var paren and > 0) line = line[(paren + 2)..];
        if (line.Length > 0 && line[^1] == '{') line = line[..^1].TrimEnd();
        if (line.Length > 2 && line[0] == '[' && line[^1] == ']') line = line[1..^1]; // Node: an error without a stack

        var end = line.IndexOfAny(':', ' ');
        var name = end < 0 ? line : line[..end];
        if (!IsTypeName(name)) return null;
        if (end < 0) return LooksLikeException(name) ? (name.ToString(), "") : null;
        var rest = line[end..];
        if (rest.StartsWith(" [") && rest.IndexOf("]:") is var code and > 0) rest = rest[(code + 1)..]; // RangeError [ERR_OUT_OF_RANGE]: …
        else if (rest.StartsWith(" (") && rest.IndexOf("):") is var number and > 0) rest = rest[(number + 1)..]; // SocketException (111): …
        if (!rest.StartsWith(":") || (rest.Length > 1 && rest[1] != ' ')) return null;
        return (name.ToString(), rest[1..].Trim().ToString());
    }

    /// <summary>The exception that a log line goes on with: request 7 failed TypeError: x is undefined.</summary>
    public static (string Type, string Message)? Within(ReadOnlySpan<char> line)
    {
        var start = 0;
        for (var at = line.IndexOf(": "); at > 0; at = line[start..].IndexOf(": ") is var next and >= 0 ? start + next : -1)
        {
            var word = line[start..at];
            word = word[(word.LastIndexOf(' ') + 1)..];
            if (IsTypeName(word) && LooksLikeException(word)) return (word.ToString(), line[(at + 2)..].Trim().ToString());
            start = at + 2;
        }
        return null;
    }

    /// <summary>Behind the frames of Python any name is a type's: socket.gaierror, timeout.</summary>
    public static (string Type, string Message)? OfPython(ReadOnlySpan<char> line)
    {
        var end = line.IndexOf(':');
        var name = end < 0 ? line : line[..end];
        if (name.IsEmpty || name.Length > 200 || name.ContainsAny(NotInNames)) return null;
        return (name.ToString(), end < 0 ? "" : line[(end + 1)..].Trim().ToString());
    }

    /// <summary>app.rb:12:in 'save': message (ArgumentError)</summary>
    public static (string Type, string Message)? Ruby(ReadOnlySpan<char> line)
    {
        var place = line.IndexOf(":in ");
        if (place <= 0 || line[^1] != ')') return null;
        var open = line.LastIndexOf('(');
        var message = line[place..].IndexOf("': ");
        return open > 0 && message > 0 && IsTypeName(line[(open + 1)..^1]) ? (line[(open + 1)..^1].ToString(), line[(place + message + 3)..Math.Max(place + message + 3, open)].Trim().ToString()) : null;
    }

    static bool IsTypeName(ReadOnlySpan<char> name)
    {
        if (name.Length is < 2 or > 200) return false;
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '$' or '+' or '`')) return false;
        var last = name[(name.LastIndexOfAny('.', '$', '+') + 1)..];
        return last.Length > 0 && (char.IsAsciiLetterUpper(last[0]) || LooksLikeException(last));
    }

    /// <summary>By its ending, or because it has a namespace.</summary>
    public static bool LooksLikeException(ReadOnlySpan<char> name) =>
        name.EndsWith("Error", StringComparison.Ordinal) || name.EndsWith("Exception", StringComparison.Ordinal) || name.EndsWith("Interrupt", StringComparison.Ordinal) || name.EndsWith("Exit", StringComparison.Ordinal)
        || name.EndsWith("Group", StringComparison.Ordinal) || name.EndsWith("Warning", StringComparison.Ordinal) || name.Contains('.');
}
