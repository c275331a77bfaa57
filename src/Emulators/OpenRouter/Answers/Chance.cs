namespace Emulators.OpenRouter.Answers;

/// <summary>Numbers that follow from a seed: SplitMix64, the same on every machine and in every version.</summary>
struct Chance(ulong seed)
{
    ulong state = seed;

    public ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <param name="end">Above zero; never reached.</param>
    public int Below(int end) => (int)(Next() % (ulong)end);
}

/// <summary>FNV-1a over 64 bits: what one prompt has and no other.</summary>
struct Fingerprint()
{
    ulong hash = 14695981039346656037;

    public readonly ulong Value => hash;

    public void Add(ReadOnlySpan<char> text)
    {
        foreach (var letter in text) hash = (hash ^ letter) * 1099511628211;
        hash = (hash ^ 0xFFFF_FFFF) * 1099511628211; // ends it: "ab", "c" is not "a", "bc"
    }

    public void Add(long number)
    {
        for (var shift = 0; shift < 64; shift += 16) hash = (hash ^ (ushort)(number >> shift)) * 1099511628211;
    }
}
