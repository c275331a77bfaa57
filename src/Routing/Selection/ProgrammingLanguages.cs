using System.Collections.Frozen;

namespace Routing.Selection;

/// <summary>Which words and which endings of files stand for which programming language.</summary>
static class ProgrammingLanguages
{
    public static readonly FrozenDictionary<string, string> ByWord = new (string Word, string Language)[]
    {
        ("python", "python"), ("java", "java"), ("javascript", "javascript"), ("typescript", "typescript"), ("c#", "c#"), ("csharp", "c#"), ("c++", "c++"), ("cpp", "c++"),
        ("golang", "go"), ("rust", "rust"), ("ruby", "ruby"), ("php", "php"), ("sql", "sql"), ("postgresql", "sql"), ("kotlin", "kotlin"), ("swift", "swift"), ("scala", "scala"),
        ("bash", "shell"), ("powershell", "shell"), ("html", "html"), ("css", "css"), ("terraform", "terraform"), ("haskell", "haskell"), ("elixir", "elixir"),
    }.ToFrozenDictionary(p => p.Word, p => p.Language, StringComparer.OrdinalIgnoreCase);

    static readonly FrozenDictionary<string, string?> Endings = new (string Ending, string? Language)[]
    {
        ("py", "python"), ("java", "java"), ("js", "javascript"), ("jsx", "javascript"), ("mjs", "javascript"), ("ts", "typescript"), ("tsx", "typescript"), ("cs", "c#"), ("cpp", "c++"),
        ("cc", "c++"), ("hpp", "c++"), ("c", "c"), ("h", "c"), ("go", "go"), ("rs", "rust"), ("rb", "ruby"), ("php", "php"), ("sql", "sql"), ("kt", "kotlin"), ("swift", "swift"),
        ("scala", "scala"), ("sh", "shell"), ("ps1", "shell"), ("html", "html"), ("css", "css"), ("tf", "terraform"), ("hs", "haskell"), ("ex", "elixir"),
        ("json", null), ("yaml", null), ("yml", null), ("toml", null), ("xml", null), ("md", null), ("csproj", null), ("sln", null), ("gradle", null), ("lock", null), ("txt", null),
        ("csv", null), ("ini", null), ("cfg", null), ("conf", null), ("log", null), ("env", null), ("proto", null),
    }.ToFrozenDictionary(p => p.Ending, p => p.Language, StringComparer.OrdinalIgnoreCase);

    static readonly FrozenDictionary<string, string?>.AlternateLookup<ReadOnlySpan<char>> ByEnding = Endings.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool IsEnding(ReadOnlySpan<char> ending) => ByEnding.ContainsKey(ending);

    /// <returns>Null when the ending says nothing of a language.</returns>
    public static string? OfEnding(ReadOnlySpan<char> ending) => ByEnding.TryGetValue(ending, out var language) ? language : null;
}
