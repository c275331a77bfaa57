using Emulators.OpenRouter.Answers;

namespace Emulators.OpenRouter.Embeddings;

/// <summary>A vector of length one for a text: each of its words votes on a few dimensions, so that texts with words in common are near each other.</summary>
static class EmbeddedText
{
    const int VotesOfAWord = 8;

    public static float[] Of(string text, int dimensions)
    {
        var sums = new double[dimensions];
        foreach (var range in text.AsSpan().SplitAny(' ', '\n', '\t', '.', ',', ';', ':'))
        {
            var word = text.AsSpan(range);
            if (word.Length == 0) continue;
            var fingerprint = new Fingerprint();
            fingerprint.Add(word.ToString().ToLowerInvariant());
            var chance = new Chance(fingerprint.Value);
            for (var i = 0; i < VotesOfAWord; i++) sums[chance.Below(dimensions)] += chance.Below(2) == 0 ? 1 : -1;
        }
        var length = Math.Sqrt(sums.Sum(s => s * s));
        if (length == 0) (sums[0], length) = (1, 1);
        return [.. sums.Select(s => (float)(s / length))];
    }
}
