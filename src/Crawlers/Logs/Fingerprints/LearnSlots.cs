namespace Crawlers.Logs.Fingerprints;

/// <summary>
/// Finds words that are values: templates that are equal but for one word are one when others have a recognised value there, or when so many
/// words were seen there that they can be no kinds of events. How many it takes depends on where the word stands.
/// </summary>
static class LearnSlots
{
    const int MaxWords = 60, MaxRounds = 4;
    const string Wildcard = "<*>";

    public static IEnumerable<Alias> From(IReadOnlyList<Fingerprint> messages)
    {
        var forms = messages.Select(m => new Form(m.Template.Split(' '), [m], "")).Where(f => f.Words.Length is > 1 and <= MaxWords).ToList();
        for (var round = 0; round < MaxRounds; round++)
        {
            var merged = Merge(forms);
            if (merged.Count == forms.Count) break;
            forms = merged;
        }
        foreach (var form in forms.Where(f => f.Members.Count > 1))
        {
            var group = form.Members.Select(m => m.Key).Min(StringComparer.Ordinal)!;
            foreach (var member in form.Members.Where(m => m.Key != group)) yield return new Alias(member.Key, group, form.Reason);
        }
    }

    /// <param name="Words">The template, with a wildcard where a slot was learned.</param>
    sealed record Form(string[] Words, IReadOnlyList<Fingerprint> Members, string Reason);

    static List<Form> Merge(List<Form> forms)
    {
        var contexts = new Dictionary<(string Around, int At), List<Form>>();
        foreach (var form in forms)
            for (var at = 0; at < form.Words.Length; at++)
            {
                var around = string.Join(' ', form.Words.Select((word, i) => i == at ? "\0" : word));
                if (!contexts.TryGetValue((around, at), out var same)) contexts[(around, at)] = same = [];
                same.Add(form);
            }
        var taken = new HashSet<Form>(ReferenceEqualityComparer.Instance);
        var result = new List<Form>();
        // The surest first: a form can be merged once a round.
        foreach (var ((around, at), same) in contexts.Where(c => c.Value.Count > 1).OrderByDescending(c => c.Value.Count).ThenBy(c => c.Key.Around, StringComparer.Ordinal))
        {
            var free = same.Where(f => !taken.Contains(f)).ToList();
            if (free.Count < 2 || Slot.Of(around, at, [.. free.Select(f => f.Words[at])]) is not { } slot) continue;
            var members = free.Where(f => slot.Takes(f.Words[at])).ToList();
            if (members.Count < 2) continue;
            var words = members[0].Words.ToArray();
            words[at] = slot.Word;
            foreach (var member in members) taken.Add(member);
            result.Add(new Form(words, [.. members.SelectMany(m => m.Members)], slot.Reason));
        }
        result.AddRange(forms.Where(f => !taken.Contains(f)));
        return result;
    }

    /// <param name="Word">What stands for all of its words.</param>
    sealed record Slot(string Word, string Reason, Func<string, bool> Takes)
    {
        const int Variety = 6, VarietyAlone = 8, VarietyAmongMany = 4, ManyWords = 5, VarietyNamed = 3, VarietyOfKey = 4;

        static readonly HashSet<string> Naming = new(StringComparer.OrdinalIgnoreCase)
        {
            "user", "username", "account", "login", "host", "hostname", "node", "client", "server", "peer", "device", "file", "directory", "folder", "path", "service", "process", "program", "module", "package", "class",
            "name", "named", "id", "key", "value", "domain", "group", "table", "column", "queue", "topic", "job", "task", "container", "pod", "image", "command", "interface", "datasource", "bucket", "index", "tenant", "session",
        };

        static readonly HashSet<string> Prepositions = ["for", "from", "by", "to", "of", "on", "at", "in", "with", "as", "via", "into"];

        public static Slot? Of(string around, int at, IReadOnlyList<string> words)
        {
            var literals = around.Split(' ').Count(word => word.Count(char.IsAsciiLetter) > 1);
            if (literals >= 2 && words.FirstOrDefault(IsValue) is { } known)
            {
                var (key, end) = (known[..(known.IndexOf('=', StringComparison.Ordinal) + 1)], After(known));
                var slot = new Slot(known, $"a value stands there in others: {around.Replace("\0", Wildcard, StringComparison.Ordinal)}", word => After(word) == end && word.StartsWith(key, StringComparison.Ordinal));
                if (words.Count(slot.Takes) > 1) return slot;
            }
            var values = words.Where(w => w.Any(char.IsAsciiLetter)).Distinct().ToList();
            if (values.Count < 2 || literals == 0) return null;
            if (IsSeries(values)) return Learned("a letter counts there", values, around, words);
            if (at == 0 || values.Any(v => IsState(v[(v.IndexOf('=', StringComparison.Ordinal) + 1)..]))) return null;
            var before = around.Split(' ')[at - 1].TrimEnd(':', '=', '\'', '"');
            var isNamed = Naming.Contains(before[(before.LastIndexOfAny(['=', ':', '.', '(', '[']) + 1)..]) || IsBetweenPrepositions(around.Split(' '), at);
            var needed = isNamed ? VarietyNamed : Key(values) is not null ? VarietyOfKey : literals == 1 ? VarietyAlone : literals >= ManyWords ? VarietyAmongMany : Variety;
            return values.Count >= needed ? Learned($"{values.Count} different words stand there", values, around, words) : null;
        }

        static Slot Learned(string what, List<string> values, string around, IReadOnlyList<string> words)
        {
            var end = After(words[0]);
            var same = words.All(w => After(w) == end) ? end : "";
            return new Slot(Wildcard + same, $"{what}: {around.Replace("\0", Wildcard, StringComparison.Ordinal)}", values.Contains);
        }

        // "for root from": a name
        static bool IsBetweenPrepositions(string[] words, int at) => at + 1 < words.Length && Prepositions.Contains(words[at - 1]) && Prepositions.Contains(words[at + 1]);

        // <*> or key=<*>
        static bool IsValue(string word) => word.TrimEnd(',', ':', ';', '.') is var bare && bare.EndsWith(Wildcard, StringComparison.Ordinal) && (bare.Length == Wildcard.Length || (bare[^4] == '=' && bare.IndexOf('=', StringComparison.Ordinal) == bare.Length - 4));

        // state=idle, state=busy: the key that all of them have
        static string? Key(List<string> values)
        {
            var end = values[0].IndexOf('=', StringComparison.Ordinal);
            return end > 0 && values.All(v => v.StartsWith(values[0][..(end + 1)], StringComparison.Ordinal)) ? values[0][..end] : null;
        }

        // LNKA, LNKB; a, b, c
        static bool IsSeries(List<string> values)
        {
            var first = Core(values[0]);
            if (values.Count < (first.Length == 1 ? 3 : 2) || first.Length == 2) return false;
            return values.All(v => Core(v) is var core && core.Length == first.Length && core.AsSpan(0, core.Length - 1).SequenceEqual(first.AsSpan(0, first.Length - 1)) && char.IsAsciiLetter(core[^1])
                && char.IsAsciiLetterUpper(core[^1]) == char.IsAsciiLetterUpper(first[^1])) && (first.Length == 1 || first.AsSpan(0, first.Length - 1).IndexOfAnyInRange('a', 'z') < 0);
        }

        // RUNNING, NOT_STARTED: what a thing is in, not which thing
        static bool IsState(string word) => Core(word) is { Length: > 2 } core && core.All(c => char.IsAsciiLetterUpper(c) || c is '_' or '-');

        static string Core(string word) => word.Trim('[', ']', '(', ')', '\'', '"', ',', ':', ';', '.', '{', '}');

        static string After(string word) => word[word.AsSpan().TrimEnd(",:;.").Length..];
    }
}
