using System.Buffers;
using System.Collections.Frozen;

namespace Routing.Selection;

/// <summary>What is counted in a text, in one pass over it.</summary>
/// <param name="Tokens">Estimated.</param>
/// <param name="Formulas">Operators between operands, and the signs of TeX.</param>
/// <param name="Steps">Questions and items of lists.</param>
/// <param name="Files">Different ones, by their names.</param>
/// <param name="Languages">Different ones, named or by the files' endings.</param>
sealed record TextFeatures(int Tokens, int CodeLines, int Formulas, int Numbers, int Relations, int Steps, int Frames, int Files, int Languages)
{
    const int MostNames = 200;

    static readonly SearchValues<char> Signs = SearchValues.Create("+*=<>"), Mathematical = SearchValues.Create("≤≥≠≈∑∏∫√∞∂π");

    static readonly FrozenSet<string> Relating = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "each", "every", "per", "twice", "thrice", "times", "half", "third", "quarter", "double", "triple", "more", "less", "fewer", "percent", "ratio", "average", "total",
        "remaining", "left", "if", "unless", "then", "after", "before", "except", "rest", "equal", "divided", "same", "both", "all", "another", "additional", "again", "until",
        "while", "when");

    static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Relates = Relating.GetAlternateLookup<ReadOnlySpan<char>>();

    static readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> LanguageOf = ProgrammingLanguages.ByWord.GetAlternateLookup<ReadOnlySpan<char>>();

    public static TextFeatures Of(string text)
    {
        var counted = new Counter();
        foreach (var line in text.AsSpan().EnumerateLines()) counted.Line(line);
        return new TextFeatures(counted.Tokens, counted.CodeLines, counted.Formulas, counted.Numbers, counted.Relations, counted.Steps, counted.Frames,
            counted.Files.Count, counted.Languages.Count);
    }

    sealed class Counter
    {
        public int Tokens, CodeLines, Formulas, Numbers, Relations, Steps, Frames;

        public HashSet<int> Files { get; } = [];

        public HashSet<string> Languages { get; } = [];

        public void Line(ReadOnlySpan<char> line)
        {
            var trimmed = line.Trim();
            if (trimmed.IsEmpty) return;
            Tokens++; // the line's end
            if (LineKinds.IsFrame(trimmed)) Frames++;
            else if (LineKinds.IsCode(trimmed)) CodeLines++;
            if (LineKinds.IsItem(trimmed)) Steps++;
            for (var i = 0; i < line.Length;) i = Next(line, i);
        }

        /// <returns>Where what begins at <paramref name="i"/> ends.</returns>
        int Next(ReadOnlySpan<char> line, int i)
        {
            var c = line[i];
            if (c is ' ' or '\t') return i + 1;
            if (char.IsAsciiLetter(c)) return Word(line, i);
            if (char.IsAsciiDigit(c)) return Number(line, i);
            Tokens++;
            if (c == '?') Steps++;
            else if (c is '\\' && Follows(line, i, char.IsAsciiLetter) || c is '^' || c is '_' && Follows(line, i, n => n == '{') || Mathematical.Contains(c)) Formulas++;
            else if (c is '$' && (Follows(line, i, n => char.IsAsciiLetter(n) || n is '\\' or '(' or '|') || i > 0 && (char.IsAsciiLetter(line[i - 1]) || line[i - 1] is ')' or '}'))) Formulas++;
            else if (Signs.Contains(c) && IsBetweenOperands(line, i)) Formulas++;
            // Of what most signs are, a run of one kind is a token: lines, indents of comments, ellipses.
            var end = i + 1;
            if (char.IsAscii(c)) while (end < line.Length && line[end] == c) end++;
            return end;
        }

        int Word(ReadOnlySpan<char> line, int i)
        {
            var end = i + 1;
            while (end < line.Length && char.IsAsciiLetter(line[end])) end++;
            var word = line[i..end];
            Tokens += 1 + (word.Length - 1) / 8;
            if (word.Length is > 1 and < 11 && Relates.Contains(word)) Relations++;
            if (end < line.Length && line[end] is '#' or '+') Language(line[i..Math.Min(line.Length, end + (line[end] == '#' ? 1 : 2))]);
            else Language(word);
            if (i > 0 && line[i - 1] == '.' && LineKinds.FileName(line, i, end) is { IsEmpty: false } file)
            {
                if (Files.Count < MostNames) Files.Add(string.GetHashCode(file, StringComparison.Ordinal));
                if (ProgrammingLanguages.OfEnding(word) is { } language) Languages.Add(language);
            }
            return end;
        }

        int Number(ReadOnlySpan<char> line, int i)
        {
            var end = i + 1;
            while (end < line.Length && (char.IsAsciiDigit(line[end]) || line[end] is '.' or ',' && Follows(line, end, char.IsAsciiDigit))) end++;
            Tokens += (end - i + 2) / 3;
            Numbers++;
            return end;
        }

        void Language(ReadOnlySpan<char> word)
        {
            if (word.Length is > 1 and < 12 && LanguageOf.TryGetValue(word, out var language)) Languages.Add(language);
        }

        static bool Follows(ReadOnlySpan<char> line, int i, Func<char, bool> wanted) => i + 1 < line.Length && wanted(line[i + 1]);

        static bool IsBetweenOperands(ReadOnlySpan<char> line, int i)
        {
            int before = i - 1, after = i + 1;
            if (before >= 0 && line[before] == ' ') before--;
            if (after < line.Length && line[after] == '=') after++;
            if (after < line.Length && line[after] == ' ') after++;
            return before >= 0 && after < line.Length && (char.IsLetterOrDigit(line[before]) || line[before] is '_' or ')' or ']' or '}' or '$')
                && (char.IsLetterOrDigit(line[after]) || line[after] is '_' or '(' or '[' or '{' or '$' or '\\');
        }
    }
}
