namespace Engine.Tests.Hosting.Logging;

/// <summary>Secrets of the real shapes, put together at run time so that no scanner takes the source for a leak.</summary>
static class FakeSecrets
{
    const string Alphabet = "aZ3kQ9xWv7Tb2LmN5cRf8HsJd4GpYe6U1oViXwBqKzMtDhSrFnCyPjAgEuOl0I";

    public static readonly string OpenRouter = "sk" + "-or-v1-" + string.Concat(Enumerable.Repeat("0af39c57", 8));
    public static readonly string OpenAi = "sk" + "-proj-" + Letters(48) + "_" + Letters(40) + "-" + Letters(30);
    public static readonly string OldOpenAi = "sk" + "-" + Letters(48);
    public static readonly string SlackBot = "xo" + "xb-123456789012-1234567890123-" + Letters(24);
    public static readonly string SlackUser = "xo" + "xp-123456789012-123456789012-123456789012-" + Letters(32);
    public static readonly string SlackApp = "xa" + "pp-1-A0123456789-1234567890123-" + Letters(64);
    public static readonly string SlackRotating = "xo" + "xe." + "xo" + "xp-1-" + Letters(146);
    public static readonly string SlackRefresh = "xo" + "xe-1-" + Letters(146);
    public static readonly string SlackWebhook = "https://hooks." + "slack.com/services/T0123ABCD/B0123ABCD/" + Letters(24);
    public static readonly string SlackSocket = "wss://wss-primary." + "slack.com/link/?ticket=" + "0c0ffee0-1234-4321-8888-123456789abc&app_id=A01";
    public static readonly string GitHub = "gh" + "p_" + Letters(36);
    public static readonly string GitHubApp = "gh" + "s_" + Letters(36);
    public static readonly string GitHubFineGrained = "github" + "_pat_" + Letters(22) + "_" + Letters(59);
    public static readonly string Aws = "AK" + "IA" + "IOSFODNN7EXAMPLE";
    public static readonly string AwsSecret = Letters(20) + "/" + Letters(19);
    public static readonly string Engine = "ae" + "_k4x2mz7q_" + Letters(43);
    public static readonly string Jwt = "ey" + "JhbGciOiJSUzI1NiJ9." + "ey" + "JpYXQiOjE3MDAwMDAwMDB9." + Letters(86);
    public static readonly string PemBody = string.Join('\n', Enumerable.Range(0, 12).Select(_ => "MIIE" + Letters(58) + "+/"));
    public static readonly string Pem = PemOf("RSA ", PemBody);

    public static string PemOf(string kind, string body) =>
        $"-----BEGIN {kind}PRIVATE" + $" KEY-----\n{body}\n-----END {kind}PRIVATE" + " KEY-----";

    public static string Letters(int count) => string.Concat(Enumerable.Range(0, count).Select(i => Alphabet[i * 7 % Alphabet.Length]));
}
