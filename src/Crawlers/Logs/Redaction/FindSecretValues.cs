using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Values behind names such as password, token and api_key, in all notations; sentences about them stay.</summary>
static class FindSecretValues
{
    const int MaxName = 64, LongValue = 200;

    static readonly SearchValues<string> Roots = SearchValues.Create(["pass", "pwd", "secret", "token", "key", "sig", "jsessionid", "phpsessid"], StringComparison.OrdinalIgnoreCase);

    /// <summary>What stands for a value that is hidden, or for none.</summary>
    static readonly HashSet<string> Masks = new(StringComparer.OrdinalIgnoreCase)
    {
        "null", "nil", "none", "undefined", "true", "false", "yes", "no", "nan", "(null)", "<null>", "<none>", "<nil>", "<*>", "redacted", "masked", "hidden", "filtered", "removed", "protected", "sensitive", "omitted", "empty", "unset",
        "%s", "%v", "%q", "?", "string", "str", "bytes", "char", "text", "varchar", "set", "notset", "provided", "present", "absent",
    };

    /// <summary>What sentences say of a password or an option.</summary>
    static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        "is", "are", "was", "must", "or", "and", "not", "needs", "need", "required", "requires", "option", "flag", "missing", "has", "had", "to", "for", "with", "from", "cannot", "can", "should", "argument", "in", "on", "of", "if", "when", "value", "instead",
        "wrong", "expired", "invalid", "incorrect", "mismatch", "changed", "reset", "failed", "ok", "error", "denied", "accepted", "rejected", "revoked", "unknown", "bad", "too", "valid", "verified", "checked", "never", "default", "authentication", "login", "user", "username", "field",
    };

    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> MaskOf = Masks.GetAlternateLookup<ReadOnlySpan<char>>();
    static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> WordOf = Words.GetAlternateLookup<ReadOnlySpan<char>>();

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        for (var at = 0; text[at..].IndexOfAny(Roots) is var next and >= 0;)
        {
            var root = at + next;
            var start = root;
            while (start > at && root - start < MaxName && Chars.Dotted.Contains(text[start - 1])) start--;
            var end = root;
            while (end < text.Length && end - root < MaxName && Chars.Dotted.Contains(text[end])) end++;
            at = end;
            var kind = SecretKey.KindOf(text[start..end].TrimEnd('.'));
            if (kind.Length == 0 || (end < text.Length && end - root >= MaxName && Chars.Dotted.Contains(text[end]))) continue;
            var value = ValueOf(text, start, end, out var isXml);
            if (value.Start == 0 || !IsSecret(text, value, kind, isXml, start)) continue;
            found.Add(value.Start, value.End, kind == "pass" ? "password" : kind);
            if (value.End - end > 2 * LongValue) at = value.End; // otherwise the next name may stand in it
        }
    }

    static ValueForm ValueOf(ReadOnlySpan<char> text, int start, int end, out bool isXml)
    {
        isXml = false;
        if (end >= text.Length) return default;
        var rest = text[end..];
        var tag = Tag(text, start, rest);
        if (tag > 0)
        {
            isXml = true;
            var length = tag == 4 ? rest[tag..].IndexOf("&lt;") : rest[tag..].IndexOf('<');
            return new ValueForm(end + tag, length < 0 ? Chars.EndOfLine(text, end + tag) : end + tag + length, true, false, '>');
        }
        if (ValueForm.Of(text, end) is { Start: > 0, Separator: not ',' } named) return named;
        if (Listed(text, end) is { Start: > 0 } listed) return listed;
        if (ValueForm.Of(text, end) is { Start: > 0 } pair) return pair;
        // --password value
        if (text[start] != '-' || rest[0] != ' ' || rest.Length < 2 || rest[1] is '-' or ' ') return default;
        return ValueForm.Value(text, end + 1, lineEnd: 0, isLoose: false, ' ');
    }

    // The length of what closes the tag: >, or attributes before it, or &gt;. In Orders.<CheckPassword>d__5 is none.
    static int Tag(ReadOnlySpan<char> text, int start, ReadOnlySpan<char> rest)
    {
        if (rest.StartsWith("&gt;")) return 4;
        if (rest[0] is not ('>' or ' ')) return 0;
        if (start > 0 && text[start - 1] == ':')
        {
            var least = Math.Max(0, --start - 32);
            while (start > least && char.IsAsciiLetterOrDigit(text[start - 1])) start--; // its namespace
        }
        if (start == 0 || text[start - 1] != '<' || (start > 1 && (char.IsLetterOrDigit(text[start - 2]) || text[start - 2] is '.' or '+'))) return 0;
        var close = rest[..Math.Min(128, rest.Length)].IndexOfAny('>', '<', '\n');
        return close >= 0 && rest[close] == '>' && (close == 0 || rest[close - 1] != '/') ? close + 1 : 0;
    }

    // {"name": "DB_PASSWORD", "value": "…"}, <add key="Password" value="…"/>, and the same in YAML
    static ValueForm Listed(ReadOnlySpan<char> text, int at)
    {
        var rest = text.Slice(at, Math.Min(64, text.Length - at));
        var word = rest.IndexOfAnyExcept(BetweenNames);
        return word > 0 && rest[word..].StartsWith("value", StringComparison.OrdinalIgnoreCase) ? ValueForm.Of(text, at + word + 5) with { IsLoose = false } : default;
    }

    static bool IsSecret(ReadOnlySpan<char> text, ValueForm form, string kind, bool isXml, int keyStart)
    {
        var value = text[form.Start..form.End];
        var trimmed = value.Trim(" \t");
        if (trimmed.Length > LongValue) return true; // it is passed over as a whole, so that no part is read again and again
        if (IsMask(trimmed)) return false;
        if (isXml) return true;
        var isNumber = !trimmed.ContainsAnyExceptInRange('0', '9');
        switch (kind)
        {
            case "azure_key" when text[keyStart] is 's' && form.End - form.Start < 16: // sig=
                return false;
            case "pass" when isNumber || (form.IsLoose && form.Separator == ':'):
            case "token" or "api_key" when isNumber && trimmed.Length < 6:
            case "password" when trimmed[0] == '/' && text[keyStart..].StartsWith("pwd", StringComparison.OrdinalIgnoreCase): // the working folder
                return false;
        }
        if (form.Separator == ',') return ValueForm.LooksRandom(trimmed);
        if (form.Separator == ' ') return !WordOf.Contains(trimmed);
        if (!form.IsLoose) return true;
        if (kind is "token" or "api_key") return ValueForm.LooksRandom(trimmed) && !IsCode(trimmed, form);
        if (form.IsQuoted) return true;
        if (IsCode(trimmed, form)) return false;
        return trimmed.ContainsAnyExcept(Plain) || !(WordOf.Contains(trimmed) || GoesOn(text, form.End));
    }

    static readonly SearchValues<char> BetweenNames = SearchValues.Create("\\\"', \t\r\n");

    static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

    // The next word is no key of its own: a sentence.
    static bool GoesOn(ReadOnlySpan<char> text, int end)
    {
        if (end + 1 >= text.Length || text[end] != ' ' || !char.IsAsciiLetter(text[end + 1])) return false;
        var word = text.Slice(end + 1, Math.Min(MaxName, text.Length - end - 1));
        var length = word.IndexOfAnyExcept(Chars.Dotted);
        return length < 0 || word[length] is not ('=' or ':');
    }

    // Lines of source in a trace: token = jwt.sign(payload), password = request.password
    static bool IsCode(ReadOnlySpan<char> value, ValueForm form)
    {
        if (form.IsQuoted || form.Separator != '=' || !char.IsAsciiLetter(value[0])) return false;
        var name = value.IndexOfAnyExcept(Chars.Dotted);
        if (name > 0 && value[name] is '(' or '[') return true;
        return name < 0 && value.Contains('.') && !value.ContainsAnyInRange('0', '9');
    }

    static bool IsMask(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty || MaskOf.Contains(value)) return true;
        var inner = value[0] is '[' or '<' or '(' or '{' ? value[1..].TrimEnd(")]}>") : value.TrimEnd(")]}>");
        if (inner.IsEmpty || MaskOf.Contains(inner) || !inner.ContainsAnyExcept("*•.…#")) return true;
        if (!inner.ContainsAnyExcept("xX") && inner.Length >= 3) return true;
        if (value.StartsWith("${") || value.StartsWith("{{") || value.StartsWith("%(")) return !value[2..].TrimEnd(")}s").ContainsAnyExcept(Chars.Dotted); // filled in elsewhere
        return value.StartsWith("*****") && value.Length < 12; // the last characters are shown
    }
}
