using System.Collections.Immutable;
using Emulators.OpenRouter.Faults;

namespace Emulators.OpenRouter.Answers;

/// <summary>The scripted answers in force.</summary>
public sealed class Rules
{
    ImmutableArray<Armed> armed = [];

    public IReadOnlyList<Rule> All => [.. armed.Select(a => a.Rule)];

    /// <summary>Takes these instead of those before.</summary>
    /// <exception cref="FormatException">A rule cannot be; the message names it and says why.</exception>
    public void Replace(IReadOnlyList<Rule> rules)
    {
        for (var i = 0; i < rules.Count; i++)
            if (rules[i].Problem() is { } problem) throw new FormatException($"Rule {i + 1}: {problem}");
        ImmutableInterlocked.InterlockedExchange(ref armed, [.. rules.Select(r => new Armed(r))]);
    }

    /// <returns>The first rule that matches and has times left; null for none.</returns>
    internal Rule? For(Asked asked)
    {
        foreach (var one in armed)
            if (one.Takes(asked)) return one.Rule;
        return null;
    }

    sealed class Armed(Rule rule)
    {
        readonly Matcher matcher = new(rule.Match);
        int left = rule.Times ?? int.MaxValue;

        public Rule Rule => rule;

        public bool Takes(Asked asked) => Volatile.Read(ref left) > 0 && matcher.Matches(asked) && (rule.Times is null || Interlocked.Decrement(ref left) >= 0);
    }
}
