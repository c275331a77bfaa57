using System.Globalization;

namespace Routing.Selection;

/// <summary>How hard a request looks, from 0 to 1, with what makes it so. It is worked out from the text alone: fast, the same every time, and to be explained.</summary>
/// <param name="Value">The sum of its parts, 1 at most.</param>
/// <param name="Parts">All of them, those that add nothing too.</param>
public sealed record Complexity(double Value, IReadOnlyList<ComplexityPart> Parts)
{
    public static Complexity Of(string text) => Of(TextFeatures.Of(text));

    /// <summary>
    /// Each count goes through 1 − e^(−n/k): the first few say most. The weights were chosen on public tables of which models failed at which
    /// tasks: there it tells the tasks that weak models fail at better than length does.
    /// </summary>
    internal static Complexity Of(TextFeatures text)
    {
        ComplexityPart[] parts =
        [
            // From 16 tokens, a sentence, to 16,384.
            Part("size", 0.80, Math.Clamp(Math.Log2(Math.Max(1, text.Tokens) / 16.0) / 10, 0, 1), $"about {text.Tokens} tokens"),
            Part("code", 0.30, Saturate(text.CodeLines, 12), Count(text.CodeLines, "line of code", "lines of code")),
            Part("formulas", 0.40, Saturate(text.Formulas, 8), Count(text.Formulas, "operator or mathematical sign", "operators and mathematical signs")),
            Part("numbers", 0.10, Saturate(text.Numbers, 10), Count(text.Numbers, "number", "numbers")),
            Part("relations", 0.15, Saturate(text.Relations, 8), Count(text.Relations, "word that relates things, such as each, twice or unless", "words that relate things, such as each, twice or unless")),
            Part("steps", 0.20, Saturate(Math.Max(0, text.Steps - 1), 4), Count(text.Steps, "question or listed step", "questions and listed steps")),
            Part("stack_trace", 0.30, Saturate(text.Frames, 4), Count(text.Frames, "frame of a stack trace", "frames of a stack trace")),
            Part("files", 0.25, Saturate(text.Files, 3), Count(text.Files, "file is named", "files are named")),
            Part("languages", 0.10, Saturate(Math.Max(0, text.Languages - 1), 2), Count(text.Languages, "programming language", "programming languages")),
        ];
        return new Complexity(Math.Round(Math.Min(1, parts.Sum(p => p.Weight * p.Value)), 4), parts);
    }

    static ComplexityPart Part(string name, double weight, double value, string what) =>
        new(name, weight, Math.Round(value, 4), string.Create(CultureInfo.InvariantCulture, $"{char.ToUpperInvariant(what[0])}{what.AsSpan(1)}: {weight * value:0.00} of at most {weight:0.00}."));

    static double Saturate(int count, double scale) => 1 - Math.Exp(-count / scale);

    static string Count(int count, string one, string many) => $"{(count == 0 ? "no" : count.ToString(CultureInfo.InvariantCulture))} {(count == 1 ? one : many)}";
}

/// <param name="Weight">What it can add at most.</param>
/// <param name="Value">From 0 to 1: how much of that it adds.</param>
/// <param name="Sentence">What was seen.</param>
public sealed record ComplexityPart(string Name, double Weight, double Value, string Sentence);

/// <summary>What a decision wants to know of an input.</summary>
/// <param name="Bytes">In UTF-8.</param>
/// <param name="Tokens">Estimated, from words, digits and signs.</param>
public sealed record InputMeasure(long Bytes, long Tokens, Complexity Complexity)
{
    /// <summary>A message costs a few tokens besides its text.</summary>
    const int TokensPerText = 4;

    public static InputMeasure Of(params IReadOnlyList<string> texts)
    {
        var bytes = texts.Sum(t => (long)System.Text.Encoding.UTF8.GetByteCount(t));
        var features = TextFeatures.Of(texts.Count == 1 ? texts[0] : string.Join('\n', texts));
        return new InputMeasure(bytes, features.Tokens + TokensPerText * texts.Count, Complexity.Of(features));
    }
}
