using System.Buffers;

namespace Routing.Selection;

/// <summary>What a line of a text looks like: code, a frame of a stack trace, an item of a list, the name of a file.</summary>
static class LineKinds
{
    static readonly SearchValues<string> CodeStarts = SearchValues.Create(
        ["def ", "for ", "for(", "while ", "while(", "if ", "if(", "return ", "class ", "else", "elif ", "try", "import ", "from ", "public ", "private ", "static ", "const ", "let ", "var ",
         "func ", "fn ", "using ", "#include", "select ", "insert into ", "update ", "assert ", "await ", "async ", "@", "SELECT ", "INSERT INTO ", "UPDATE "], StringComparison.Ordinal);

    static readonly SearchValues<char> NotInNames = SearchValues.Create(" \t\"'`()[]{}<>,;:|=*?!");

    /// <summary>Statements of the usual languages; a sentence that begins with if or for is none, as long as it does not end like code.</summary>
    public static bool IsCode(ReadOnlySpan<char> line)
    {
        if (line[^1] is ';' or '{' or '}') return true;
        if (line.IndexOf(" = ") is > 0 and var at && at < 60 && !line[..at].Contains(". ", StringComparison.Ordinal) && line[..at].Count(' ') <= 3) return true;
        if (line.IndexOf(" += ") > 0 || line.IndexOf(" -= ") > 0 || line.IndexOf(" => ") > 0) return true;
        if (line.IndexOfAny(CodeStarts) != 0) return false;
        return line[^1] is ':' or ')' or ']' or ',' or '"' or '\'' || (line.StartsWith("return ", StringComparison.Ordinal) || line.StartsWith("import ", StringComparison.Ordinal)) && line.Count(' ') < 8;
    }

    /// <summary>.NET, Java, JavaScript, Python, Go, Rust and Ruby.</summary>
    public static bool IsFrame(ReadOnlySpan<char> line) =>
        line.StartsWith("at ", StringComparison.Ordinal) && (line.Contains('(') || line.Contains(':'))
        || line.StartsWith("File \"", StringComparison.Ordinal) && line.Contains("\", line ", StringComparison.Ordinal)
        || line.StartsWith("Traceback (most recent call last)", StringComparison.Ordinal)
        || line.StartsWith("goroutine ", StringComparison.Ordinal) || line.Contains(".go:", StringComparison.Ordinal) && line.Contains(" +0x", StringComparison.Ordinal)
        || line.StartsWith("from ", StringComparison.Ordinal) && line.Contains(":in ", StringComparison.Ordinal)
        || char.IsAsciiDigit(line[0]) && line.IndexOf(": ") is > 0 and < 4 && line.Contains("::", StringComparison.Ordinal);

    public static bool IsItem(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith("* ", StringComparison.Ordinal)) return true;
        var digits = 0;
        while (digits < line.Length && digits < 3 && char.IsAsciiDigit(line[digits])) digits++;
        return digits > 0 && digits + 1 < line.Length && line[digits] is '.' or ')' && line[digits + 1] == ' ';
    }

    /// <param name="from">Where its ending begins, after the dot.</param>
    /// <returns>The name with its path; empty when it is the name of no file.</returns>
    public static ReadOnlySpan<char> FileName(ReadOnlySpan<char> line, int from, int to)
    {
        if (from < 2 || to - from > 10 || Continues(line, to) || !ProgrammingLanguages.IsEnding(line[from..to])) return default;
        var start = line[..(from - 1)].LastIndexOfAny(NotInNames) + 1;
        return start < from - 1 ? line[start..to] : default;

        static bool Continues(ReadOnlySpan<char> line, int to) => to < line.Length
            && (char.IsLetterOrDigit(line[to]) || line[to] is '(' or '_' || line[to] == '.' && to + 1 < line.Length && char.IsLetterOrDigit(line[to + 1]));
    }
}
