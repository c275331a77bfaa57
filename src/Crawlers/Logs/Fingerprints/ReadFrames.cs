using System.Globalization;

namespace Crawlers.Logs.Fingerprints;

/// <summary>Single frames in the notation of each language.</summary>
static class ReadFrames
{
    /// <summary>Java, .NET and Node: at …</summary>
    public static TraceFrame? At(ReadOnlySpan<char> line)
    {
        if (!line.StartsWith("at ")) return null;
        var rest = line[3..].Trim();
        rest = rest.TrimEnd("{, "); // Node goes on with the properties or the next member
        if (rest.IndexOf(") in ") is var dotnet and > 0 || (rest.IndexOf('(') > 0 && rest[^1] == ')' && !IsPlace(rest) && (dotnet = rest.Length - 1) > 0)) return DotNet(rest, dotnet);
        if (rest.IsEmpty) return null;
        return rest[^1] == ')' && rest.LastIndexOf('(') is var open and > 0 ? JavaOrNode(rest[..open].Trim(), rest[(open + 1)..^1])
            : rest.Contains(':') && char.IsAsciiDigit(rest[^1]) ? Node("", rest) : null;
    }

    // What is in the brackets of Java and Node: App.java:56, Native Method, /app/app.js:45:11
    static bool IsPlace(ReadOnlySpan<char> frame)
    {
        var inner = frame[(frame.LastIndexOf('(') + 1)..^1];
        if (inner is "Native Method" or "Unknown Source" or "<generated>" or "<anonymous>" or "native") return true;
        var colon = inner.LastIndexOf(':');
        if (colon > 0 && int.TryParse(inner[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _)) return true;
        return inner.EndsWith(".java") || inner.EndsWith(".kt") || inner.EndsWith(".scala") || inner.EndsWith(".groovy") || inner.EndsWith(".clj");
    }

    static TraceFrame DotNet(ReadOnlySpan<char> rest, int close)
    {
        var open = rest.IndexOf('(');
        var function = rest[..(open > 0 ? open : close)].ToString();
        string? file = null;
        var line = 0;
        if (close + 5 < rest.Length)
        {
            var place = rest[(close + 5)..];
            var at = place.LastIndexOf(":line ");
            file = (at < 0 ? place : place[..at]).ToString();
            if (at >= 0) _ = int.TryParse(place[(at + 6)..], NumberStyles.None, CultureInfo.InvariantCulture, out line);
        }
        var isOwn = !function.StartsWith("System.", StringComparison.Ordinal) && !function.StartsWith("Microsoft.", StringComparison.Ordinal) && !function.StartsWith("lambda_method", StringComparison.Ordinal);
        return new TraceFrame(function, FunctionName.DotNet(function), file, line, isOwn && (file is null || !file.StartsWith("/_/", StringComparison.Ordinal)));
    }

    static TraceFrame JavaOrNode(ReadOnlySpan<char> function, ReadOnlySpan<char> place)
    {
        var colons = place.Count(':');
        if (colons >= 2 || place.StartsWith("node:") || place.Contains('/') || place is "<anonymous>" or "native") return Node(function, place);
        if (function.LastIndexOf('/') is var module and > 0) function = function[(module + 1)..]; // java.base/java.util…
        var colon = place.IndexOf(':');
        var line = 0;
        if (colon > 0) _ = int.TryParse(place[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out line);
        var name = function.ToString();
        return new TraceFrame(name, FunctionName.Java(name), colon > 0 ? place[..colon].ToString() : null, line, !Libraries.IsJava(name) && place is not "<generated>");
    }

    static TraceFrame Node(ReadOnlySpan<char> function, ReadOnlySpan<char> place)
    {
        if (place.StartsWith("async ")) place = place[6..];
        var file = place;
        var line = 0;
        if (file.LastIndexOf(':') is var column and > 0 && char.IsAsciiDigit(file[^1])) file = file[..column];
        if (file.LastIndexOf(':') is var row and > 0 && int.TryParse(file[(row + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out line)) file = file[..row];
        var isOwn = !place.StartsWith("node:") && !place.Contains("/node_modules/", StringComparison.Ordinal) && !place.StartsWith("internal/") && place is not ("native" or "<anonymous>");
        var name = function.ToString();
        return new TraceFrame(name, FunctionName.Node(name), file.ToString(), line, isOwn);
    }

    /// <summary>File "/srv/app.py", line 52, in save_order</summary>
    public static TraceFrame? Python(ReadOnlySpan<char> line)
    {
        if (!line.StartsWith("File \"")) return null;
        var close = line[6..].IndexOf('"');
        if (close < 0) return null;
        var file = line.Slice(6, close);
        var rest = line[(6 + close + 1)..];
        if (!rest.StartsWith(", line ")) return null;
        rest = rest[7..];
        var comma = rest.IndexOf(',');
        _ = int.TryParse(comma < 0 ? rest : rest[..comma], NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        var function = comma > 0 && rest[comma..].StartsWith(", in ") ? rest[(comma + 5)..].ToString() : "<module>";
        var isOwn = !file.Contains("site-packages", StringComparison.Ordinal) && !file.Contains("dist-packages", StringComparison.Ordinal) && !file.Contains("/lib/python", StringComparison.Ordinal) && !file.StartsWith("<frozen");
        var stem = file[(file.LastIndexOfAny('/', '\\') + 1)..];
        if (stem.EndsWith(".py")) stem = stem[..^3];
        return new TraceFrame(function, function.StartsWith('<') ? function : $"{stem}.{function}", file.ToString(), number, isOwn);
    }

    /// <summary>A line with the place, below one with the function: both are one frame of Go.</summary>
    public static TraceFrame? Go(string place, string function)
    {
        if (place.Length < 5 || place[0] is not ('\t' or ' ')) return null;
        var at = place.IndexOf(".go:", StringComparison.Ordinal);
        if (at < 0) return null;
        var name = function.AsSpan().Trim();
        if (name.StartsWith("created by ")) return null;
        var open = name.Length > 0 && name[^1] == ')' ? Opening(name) : name.Length;
        if (open <= 0 || name[..open].Contains(' ')) return null;
        var number = place.AsSpan(at + 4);
        var end = number.IndexOf(' ');
        _ = int.TryParse(end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var line);
        var path = place.AsSpan(0, at + 3).Trim().ToString();
        var called = name[..open].ToString();
        return new TraceFrame(called, FunctionName.Go(called), path, line, !Libraries.IsGo(called, path));
    }

    // The bracket of the arguments: main.(*T).save({0x1, 0x2}, 0x3)
    static int Opening(ReadOnlySpan<char> call)
    {
        var depth = 0;
        for (var i = call.Length - 1; i >= 0; i--)
        {
            if (call[i] == ')') depth++;
            else if (call[i] == '(' && --depth == 0) return i;
        }
        return call.Length;
    }

    /// <summary>app.rb:12:in 'Orders#save', with "from " before all but the first.</summary>
    public static TraceFrame? Ruby(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("from ")) line = line[5..];
        var place = line.IndexOf(":in ");
        if (place <= 0 || place + 5 >= line.Length || line[place + 4] is not ('`' or '\'')) return null;
        if (line[^1] != '\'') return null; // the first line has the message behind it
        var file = line[..place];
        var colon = file.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(file[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
        file = file[..colon];
        var function = line[(place + 5)..^1].ToString();
        var isOwn = !file.Contains("/gems/", StringComparison.Ordinal) && !file.Contains("/lib/ruby/", StringComparison.Ordinal) && !file.StartsWith("<internal:");
        return new TraceFrame(function, FunctionName.Ruby(function), file.ToString(), number, isOwn);
    }

    /// <summary>at ./src/orders.rs:12:5, below the frame that it is the place of.</summary>
    public static TraceFrame RustPlace(TraceFrame frame, ReadOnlySpan<char> place)
    {
        if (place.LastIndexOf(':') is var column and > 0) place = place[..column];
        var line = 0;
        if (place.LastIndexOf(':') is var row and > 0 && int.TryParse(place[(row + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out line)) place = place[..row];
        var isLibrary = place.StartsWith("/rustc/") || place.Contains("/.cargo/", StringComparison.Ordinal) || place.Contains("/registry/src/", StringComparison.Ordinal);
        return frame with { File = place.ToString(), Line = line, IsOwn = frame.IsOwn && !isLibrary };
    }

    /// <summary>   3: shop::orders::save</summary>
    public static TraceFrame? Rust(ReadOnlySpan<char> line)
    {
        var colon = line.IndexOf(": ");
        if (colon is < 1 or > 4 || !int.TryParse(line[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out _)) return null;
        var function = line[(colon + 2)..].Trim().ToString();
        if (function.Contains(' ', StringComparison.Ordinal) && !function.StartsWith('<')) return null;
        if (function.StartsWith("0x", StringComparison.Ordinal) && function.IndexOf(" - ", StringComparison.Ordinal) is var dash and > 0) function = function[(dash + 3)..];
        return new TraceFrame(function, FunctionName.Rust(function), null, 0, !Libraries.IsRust(function));
    }
}
