using System.Text.RegularExpressions;

namespace Engine.Hosting.Logging;

/// <summary>
/// The shapes that <see cref="SecretRedaction"/> knows. Two rules keep them safe on hostile input: no pattern can scan the
/// same stretch again from many starting points (linear time), and no match takes a quotation mark or half an escape that
/// JSON needs. What stands before a secret and stays is the group <c>keep</c>.
/// </summary>
static partial class SecretShapes
{
    /// <summary>Not inside a word; the letter of an escape (<c>\n</c>, <c>\u001b</c>, <c>%3D</c>) is not a word.</summary>
    const string After = @"(?<=(?:^|[^A-Za-z0-9]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})";

    const string NotRedacted = @"(?!\[redacted:)";

    /// <summary>A PEM block; line ends may be escaped, once or more; one that was cut off counts as far as it goes.</summary>
    [GeneratedRegex(
        @"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----" +
        @"(?>(?:[A-Za-z0-9+/=\s:,.()]|-(?!----END)|\\+(?:[nrt]|u00(?!22)[0-9A-Fa-f]{2}))*)" +
        @"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?")]
    public static partial Regex PrivateKey { get; }

    [GeneratedRegex(@"sk-or-v[0-9]{1,3}-[A-Za-z0-9]{20,}")]
    public static partial Regex OpenRouterKey { get; }

    /// <summary>OpenAI's form, which others copied. A hyphenated name in lower case has no digit and no capital.</summary>
    [GeneratedRegex("sk-" + After + @"sk-)(?=[a-z_-]{0,64}[A-Z0-9])[A-Za-z0-9_-]{20,}")]
    public static partial Regex ApiKey { get; }

    [GeneratedRegex(@"(?:xoxe\.)?xox[a-z]-[A-Za-z0-9%_-]{10,}|x(?:app|wfp)-[0-9]-?[A-Za-z0-9-]{10,}")]
    public static partial Regex SlackToken { get; }

    [GeneratedRegex(
        @"hooks\.slack(?:-gov)?\.com(?:\\?/|%2F)(?:services|workflows|triggers)(?:\\?/|%2F)(?>(?:[A-Za-z0-9_-]|\\?/|%2F)+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex SlackWebhook { get; }

    /// <summary>The one-time ticket in the address of a Socket Mode connection.</summary>
    [GeneratedRegex(@"(?<keep>slack(?:-gov)?\.com/[a-z/]{0,32}\?(?:[a-z_]{1,32}=[A-Za-z0-9_-]{0,64}&){0,4}ticket=)" + NotRedacted + @"[^\s""&\\]+")]
    public static partial Regex SlackTicket { get; }

    /// <summary>An installation token can be an app's number and a JWT.</summary>
    [GeneratedRegex(@"ghs_[0-9]{1,20}_eyJ[A-Za-z0-9_-]{10,1000}(?:\.[A-Za-z0-9_-]+){1,2}|gh[pousr]_[A-Za-z0-9_]{30,}|github_pat_[A-Za-z0-9_]{22,}")]
    public static partial Regex GitHubToken { get; }

    [GeneratedRegex(@"ae_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")]
    public static partial Regex EngineToken { get; }

    [GeneratedRegex(@"A(?:KIA|SIA)" + After + @"A(?:KIA|SIA))[A-Z2-7]{16}(?![A-Za-z0-9])")]
    public static partial Regex AwsAccessKey { get; }

    [GeneratedRegex(
        @"(?<keep>secret_?access_?key[\\""'\s:=]{1,8})(?:[A-Za-z0-9/+]|\\u002b){40}(?![A-Za-z0-9/+=])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex AwsSecretKey { get; }

    /// <summary>Signed (three parts) and encrypted (five, the second possibly empty). The bound on the header keeps a failed try short.</summary>
    [GeneratedRegex("eyJ" + After + @"eyJ)[A-Za-z0-9_-]{10,1000}\.{1,2}[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]+)*")]
    public static partial Regex Jwt { get; }

    [GeneratedRegex(
        @"(?<keep>authorization[\\""']{0,4}\s{0,4}[:=][\s\\""'\[]{0,8}(?:bearer|basic|token|apikey)\s{1,4})" + NotRedacted + @"(?>(?:[^\s""'\\,;]|\\u00(?!22)[0-9A-Fa-f]{2})+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex Authorization { get; }

    /// <summary>Without its header, a word after "bearer" is a token only when it is long and has a digit.</summary>
    [GeneratedRegex(
        @"(?<keep>bearer\s{1,4})(?=[a-z._~+/=-]{0,64}[0-9])(?:[a-z0-9._~+/=-]|\\u002b){16,}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex Bearer { get; }

    /// <summary><c>scheme://user:password@host</c>; the password ends at the last @ before the path.</summary>
    [GeneratedRegex(@"(?<keep>:(?:\\?/){2}[^\s/""\\:@]*:)" + NotRedacted + @"(?:[^\s/""\\]|\\[^\s/""nrt])+(?=@)")]
    public static partial Regex UrlPassword { get; }

    /// <summary>
    /// <c>Password=…;</c> as connection strings and environments have it. The value is in quotes (escaped ones in JSON; a bare
    /// one followed by JSON's punctuation ends a string and is left alone), or has blanks and a semicolon, or ends at a blank.
    /// </summary>
    [GeneratedRegex(
        @"(?<keep>(?:password|passwd|pwd|psw)\s{0,8}=[^\S\r\n]{0,8})" + NotRedacted + "(?>" +
        @"\\""(?:\\[^""\r\n]|[^""\\\r\n])*(?:\\"")?" +
        @"|""(?![,}\]:\s]|$)[^""\r\n]*""?" +
        @"|'(?:\\[^""\r\n]|[^'""\\\r\n])*'?" +
        @"|(?>(?:\\[^""nrt]|[^;""\\\s])+)(?:(?>(?:[ ]+(?:\\[^""nrt]|[^;""\\\s=])+)+)(?=;))?" +
        ")",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex PasswordSetting { get; }

    /// <summary>A member named password in JSON, in JSON within a JSON string, or in single quotes.</summary>
    [GeneratedRegex(
        @"(?<keep>(?:password|passwd|pwd)""\s{0,8}:\s{0,8}"")" + NotRedacted + @"(?>(?:\\.|[^""\\])+)" +
        @"|(?<keep>(?:password|passwd|pwd)\\{1,7}""\s{0,8}:\s{0,8}\\{1,7}"")" + NotRedacted + @"(?>(?:\\[^""]|[^""\\])+)" +
        @"|(?<keep>(?:password|passwd|pwd)'\s{0,8}:\s{0,8}')" + NotRedacted + @"(?>(?:\\[^""'nr]|[^""'\\])+)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    public static partial Regex PasswordMember { get; }
}
