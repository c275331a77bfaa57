namespace Crawlers.Tests.Logs.Redaction;

/// <summary>Made-up secrets of the right form, put together so that no scanner of repositories takes them for leaks.</summary>
static class Secrets
{
    const string Alphanumeric = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3dE5fG7hJ9kL2mN4pQ6rS8tU0vW2xY4zB6";

    static string Random(int length, string of = Alphanumeric) => string.Concat(Enumerable.Range(0, length).Select(i => of[i * 7 % of.Length]));

    public static readonly string AwsId = "AK" + "IA" + "Q3EGNHF7XWT2ZJ5K";
    public static readonly string AwsSecret = "wJa" + "lrXUt" + "nFEMI/K7MDENG/" + "bPxRfiCYzzkeyABCDE";
    public static readonly string Jwt = "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    public static readonly string KeyBody = string.Join('\n', Enumerable.Range(0, 5).Select(i => Random(64 - i) + "/+"));
    public static readonly string PrivateKey = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + KeyBody + "\n-----END RSA " + "PRIVATE KEY-----";

    /// <summary>Known wherever they stand.</summary>
    public static readonly (string Kind, string Secret)[] Tokens =
    [
        ("private_key", PrivateKey),
        ("private_key", PrivateKey.Replace("\n", "\\n", StringComparison.Ordinal)),
        ("aws_key", AwsId),
        ("github_token", "gh" + "p_" + Random(36)),
        ("github_token", "gh" + "o_" + Random(36)),
        ("github_token", "gh" + "s_" + Random(36)),
        ("github_token", "github" + "_pat_" + Random(22) + "_" + Random(59)),
        ("gitlab_token", "gl" + "pat-" + Random(20)),
        ("slack_token", "xo" + "xb-123456789012-1234567890123-" + Random(24)),
        ("slack_token", "xa" + "pp-1-A012ABCDEFG-1234567890123-" + Random(64)),
        ("stripe_key", "sk_" + "live_" + Random(24)),
        ("ai_key", "sk" + "-proj-" + Random(48)),
        ("ai_key", "sk" + "-or-v1-" + Random(64, "0a1b2c3d4e5f67890")),
        ("ai_key", "sk" + "-ant-api03-" + Random(90) + "-AA"),
        ("google_key", "AI" + "za" + Random(35)),
        ("npm_token", "np" + "m_" + Random(36)),
        ("pypi_token", "py" + "pi-AgEIcHlwaS5vcmc" + Random(60)),
        ("sendgrid_key", "S" + "G." + Random(22) + "." + Random(43)),
        ("twilio_key", "S" + "K" + Random(32, "0a1b2c3d4e5f6789")),
        ("telegram_token", "123456789:" + "AA" + Random(33)),
        ("jwt", Jwt),
    ];

    public static TheoryData<string, string> OfTokens()
    {
        var data = new TheoryData<string, string>();
        foreach (var (kind, secret) in Tokens) data.Add(kind, secret);
        return data;
    }
}
