using System.Collections.Immutable;
using Emulators.OpenRouter.Answers;

namespace Emulators.OpenRouter.Faults;

/// <summary>What is to go wrong: by rules, and by chance with a seed.</summary>
public sealed class FaultRules
{
    ImmutableArray<Armed> armed = [];
    Dice? dice;

    /// <summary>The rules that still have times left, in their order.</summary>
    public IReadOnlyList<FaultRule> Rules => [.. armed.Where(a => a.HasLeft).Select(a => a.Remaining)];

    /// <exception cref="ArgumentException">The rule cannot be; the message says why.</exception>
    public void Add(FaultRule rule)
    {
        if (rule.Problem() is { } problem) throw new ArgumentException(problem, nameof(rule));
        ImmutableInterlocked.Update(ref armed, (list, added) => [.. list.Where(a => a.HasLeft), added], new Armed(rule));
    }

    public void Clear() => ImmutableInterlocked.InterlockedExchange(ref armed, []);

    /// <summary>Lets calls of chat and embeddings go wrong by chance.</summary>
    /// <param name="seed">The n-th call after this meets the same fault for the same seed.</param>
    /// <param name="percent">Of each fault; 100 in all at most.</param>
    /// <exception cref="ArgumentException">An unknown fault, a negative share or more than all.</exception>
    public void SetChaos(long seed, IReadOnlyDictionary<string, double> percent)
    {
        if (percent.Values.Any(p => p < 0) || percent.Values.Sum() > 100.000001) throw new ArgumentException("The percentages must be 0 or more, and 100 in all at most.", nameof(percent));
        foreach (var name in percent.Keys)
            if (new FaultRule(name).Problem() is { } problem) throw new ArgumentException(problem, nameof(percent));
        Volatile.Write(ref dice, new Dice(seed, percent));
    }

    public void EndChaos() => Volatile.Write(ref dice, null);

    internal (long Seed, IReadOnlyDictionary<string, double> Percent)? Chaos => Volatile.Read(ref dice) is { } now ? (now.Seed, now.Percent) : null;

    /// <param name="slug">The faults that the slug itself asks for; null for none.</param>
    internal Trouble For(Asked asked, string? slug)
    {
        var trouble = Trouble.None;
        if (slug is not null && FaultKind.Unknown(slug) is null) trouble = new FaultSettings(asked.Model ?? "").Add(trouble, FaultKind.Parse(slug));
        foreach (var one in armed)
            if (one.Takes(asked)) return one.Add(trouble, asked);
        return asked.IsWork && Volatile.Read(ref dice)?.Throw() is { } chance ? new FaultSettings(asked.Model ?? "").Add(trouble, chance) : trouble;
    }

    sealed class Armed(FaultRule rule)
    {
        readonly FaultKind[] kinds = FaultKind.Parse(rule.Fault);
        readonly Matcher matcher = new(rule.Match);
        int left = rule.Times ?? int.MaxValue;

        public bool HasLeft => Volatile.Read(ref left) > 0;

        public FaultRule Remaining => rule with { Times = rule.Times is null ? null : Volatile.Read(ref left) };

        public bool Takes(Asked asked) =>
            HasLeft && matcher.Matches(asked) && (rule.Times is null || Interlocked.Decrement(ref left) >= 0);

        public Trouble Add(Trouble trouble, Asked asked) =>
            new FaultSettings(asked.Model ?? "", rule.AfterFrames, rule.Seconds, rule.RetryAfterSeconds, rule.Status, rule.ShouldRetry).Add(trouble, kinds);
    }

    sealed class Dice(long seed, IReadOnlyDictionary<string, double> percent)
    {
        readonly (double UpTo, FaultKind[] Kinds)[] faces = Faces(percent);
        long throws;

        public long Seed => seed;

        public IReadOnlyDictionary<string, double> Percent => percent;

        public FaultKind[]? Throw()
        {
            var number = Interlocked.Increment(ref throws);
            var fallen = new Chance((ulong)seed ^ (ulong)number * 0x9E3779B97F4A7C15).Next() / (double)ulong.MaxValue * 100;
            foreach (var (upTo, kinds) in faces)
                if (fallen < upTo) return kinds;
            return null;
        }

        static (double, FaultKind[])[] Faces(IReadOnlyDictionary<string, double> percent)
        {
            var sum = 0.0;
            return [.. percent.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (sum += p.Value, FaultKind.Parse(p.Key)))];
        }
    }
}
