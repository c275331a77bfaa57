using System.Buffers;

namespace Crawlers.Logs.Redaction;

/// <summary>Secrets that their issuers gave a form by which they are known wherever they stand.</summary>
static class FindTokens
{
    /// <summary>How much of a candidate is looked at before it is one.</summary>
    const int Decides = 128;

    /// <param name="Least">How long the rest must be.</param>
    /// <param name="IsWord">The prefix alone is common: it must begin a word, and the rest must look random.</param>
    sealed record Form(string Prefix, string Kind, int Least, SearchValues<char> Body, bool IsWord = false, int? Exact = null);

    static readonly Form[] Forms =
    [
        .. from prefix in new[] { "AKIA", "ASIA", "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "AROA" } select new Form(prefix, "aws_key", 16, Chars.Upper, Exact: 16),
        .. from prefix in new[] { "ghp_", "gho_", "ghu_", "ghs_", "ghr_" } select new Form(prefix, "github_token", 30, Chars.Alphanumeric),
        new("github_pat_", "github_token", 22, Chars.Base64Url),
        .. from prefix in new[] { "glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-" } select new Form(prefix, "gitlab_token", 20, Chars.Dotted),
        .. from prefix in new[] { "xoxa-", "xoxb-", "xoxc-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-" } select new Form(prefix, "slack_token", 12, Chars.Dotted),
        .. from prefix in new[] { "sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_" } select new Form(prefix, "stripe_key", 16, Chars.Alphanumeric),
        new("sk-", "ai_key", 20, Chars.Base64Url, IsWord: true),
        new("AIza", "google_key", 35, Chars.Base64Url),
        new("GOCSPX-", "google_key", 20, Chars.Base64Url),
        new("ya29.", "google_key", 20, Chars.Base64Url),
        new("npm_", "npm_token", 36, Chars.Alphanumeric),
        new("pypi-", "pypi_token", 50, Chars.Base64Url),
        new("dop_v1_", "token", 40, Chars.Hex),
        new("hf_", "ai_key", 30, Chars.Alphanumeric, IsWord: true),
        new("SK", "twilio_key", 32, Chars.Hex, IsWord: true, Exact: 32),
        new("AC", "twilio_key", 32, Chars.Hex, IsWord: true, Exact: 32),
        new("SG.", "sendgrid_key", 40, Chars.Dotted, IsWord: true),
        new("eyJ", "jwt", 8, Chars.Base64Url),
        new(":AA", "telegram_token", 33, Chars.Base64Url, Exact: 33),
        new("hooks.slack.com/", "slack_webhook", 20, SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_-")),
        new("/api/webhooks/", "webhook", 30, SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_-")),
    ];

    static readonly SearchValues<string> Prefixes = SearchValues.Create([.. Forms.Select(f => f.Prefix)], StringComparison.Ordinal);

    public static void Run(ReadOnlySpan<char> text, Findings found)
    {
        var noJwtBefore = 0;
        for (var at = 0; text[at..].IndexOfAny(Prefixes) is var next and >= 0;)
        {
            at += next;
            var end = 0;
            foreach (var form in Forms)
                if (text[at] == form.Prefix[0] && text[at..].StartsWith(form.Prefix, StringComparison.Ordinal) && (end = Take(text, at, form, found, ref noJwtBefore)) > 0) break;
            at = end > 0 ? end : at + 1;
        }
    }

    static int Take(ReadOnlySpan<char> text, int at, Form form, Findings found, ref int noJwtBefore)
    {
        if (form.IsWord && !Chars.IsEdge(text, at)) return 0;
        var from = at + form.Prefix.Length;
        var seen = text.Slice(from, Math.Min(Decides, text.Length - from));
        var length = seen.IndexOfAnyExcept(form.Body) is var stop and >= 0 ? stop : seen.Length;
        if (length < form.Least || (form.Exact is { } exact && (length < exact || !Chars.IsEnd(text, from + exact)))) return 0;
        var rest = seen[..length];
        var end = from + (form.Exact ?? length);
        switch (form.Kind)
        {
            case "aws_key":
                if (at > 0 && Chars.Upper.Contains(text[at - 1])) return 0;
                Beside(text, at, end, found);
                break;
            case "jwt":
                if (from < noJwtBefore) return 0;
                var header = Chars.EndOf(text, end, form.Body);
                end = Jwt(text, header);
                if (end > 0) break;
                noJwtBefore = header; // nor is what begins within it
                return 0;
            case "sendgrid_key" when rest.IndexOf('.') is not (>= 16 and <= 32):
            case "slack_token" when !rest.ContainsAnyInRange('0', '9'):
            case "ai_key" when !rest.ContainsAnyInRange('0', '9') || !HasRun(rest):
                return 0;
            case "telegram_token":
                var digits = at;
                while (digits > 0 && at - digits <= 10 && char.IsAsciiDigit(text[digits - 1])) digits--;
                if (at - digits is < 6 or > 10) return 0;
                at = digits;
                break;
            case "slack_webhook" or "webhook":
                at = from;
                break;
        }
        if (form.Exact is null && form.Kind != "jwt") end = Chars.EndOf(text, end, form.Body);
        while (end > from && text[end - 1] is '.' or '-' && form.Body == Chars.Dotted) end--; // the end of a sentence
        found.Add(at, end, form.Kind);
        return end;
    }

    // header.payload.signature, of which a cut text may lack the last; five parts when it is encrypted
    static int Jwt(ReadOnlySpan<char> text, int end)
    {
        if (end + 4 >= text.Length || text[end] != '.') return 0;
        var second = Chars.EndOf(text, end + 1, Chars.Base64Url);
        var isSigned = second < text.Length && text[second] == '.';
        if (second - end < 5 || (!isSigned && !text[(end + 1)..].StartsWith("eyJ"))) return 0;
        return isSigned ? Chars.EndOf(text, second, Chars.Dotted) : second;
    }

    static bool HasRun(ReadOnlySpan<char> rest)
    {
        foreach (var part in rest.Split('-'))
            if (rest[part].Length >= 16) return true;
        return false;
    }

    // The secret key of AWS has no form but its 40 characters: it is known by the id that stands near.
    static void Beside(ReadOnlySpan<char> text, int start, int end, Findings found)
    {
        const int Near = 200;
        var (from, to) = (Math.Max(0, start - Near), Math.Min(text.Length, end + Near));
        while (from > 0 && start - from < Near + 64 && Chars.Base64.Contains(text[from - 1])) from--;
        while (from < to)
        {
            var word = Chars.EndOf(text, from, Chars.Base64);
            var first = from;
            while (first < word && text[first] == '=') first++; // key=value
            if (text[first..word].LastIndexOf('=') is var sign and >= 0 && word - first - sign - 1 == 40) first += sign + 1;
            var body = text[first..word];
            if (body.Length == 40 && body.ContainsAnyInRange('a', 'z') && body.ContainsAnyInRange('A', 'Z') && body.ContainsAnyExcept(Chars.Hex)) found.Add(first, word, "aws_key");
            from = word + 1;
        }
    }
}
