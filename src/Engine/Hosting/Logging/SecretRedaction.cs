using System.Buffers;
using System.Text.RegularExpressions;

namespace Engine.Hosting.Logging;

/// <summary>
/// Takes secrets out of a text by their shape, wherever they stand; <c>[redacted:kind]</c> is left in their place. Works on
/// plain text and on JSON lines (a valid line stays valid), costs little on a line without one, grows linearly with the
/// length, and changes nothing the second time.
/// </summary>
public static class SecretRedaction
{
    /// <summary>A text that has none of these (and no <c>@</c>, which a URL with a password needs) holds no secret of a known shape.</summary>
    static readonly SearchValues<string> Hints = SearchValues.Create(
        [
            "sk-", "xox", "xapp-", "xwfp-", "slack.com", "slack-gov.com", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
            "PRIVATE KEY", "passw", "pwd", "psw", "authorization", "bearer", "eyJ", "AKIA", "ASIA", "access_key", "accesskey", "ae_",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Narrow shapes come first, so that what they name is not taken for something vaguer.</summary>
    static readonly (Regex Pattern, string Replacement)[] Shapes =
    [
        (SecretShapes.PrivateKey, "[redacted:private_key]"),
        (SecretShapes.OpenRouterKey, "[redacted:openrouter_key]"),
        (SecretShapes.ApiKey, "[redacted:api_key]"),
        (SecretShapes.SlackToken, "[redacted:slack_token]"),
        (SecretShapes.SlackWebhook, "[redacted:slack_webhook]"),
        (SecretShapes.SlackTicket, "${keep}[redacted:slack_ticket]"),
        (SecretShapes.GitHubToken, "[redacted:github_token]"),
        (SecretShapes.EngineToken, "[redacted:engine_token]"),
        (SecretShapes.AwsAccessKey, "[redacted:aws_access_key]"),
        (SecretShapes.AwsSecretKey, "${keep}[redacted:aws_secret_key]"),
        (SecretShapes.Jwt, "[redacted:jwt]"),
        (SecretShapes.Authorization, "${keep}[redacted:authorization]"),
        (SecretShapes.Bearer, "${keep}[redacted:bearer_token]"),
        (SecretShapes.UrlPassword, "${keep}[redacted:password]"),
        (SecretShapes.PasswordSetting, "${keep}[redacted:password]"),
        (SecretShapes.PasswordMember, "${keep}[redacted:password]"),
    ];

    public static string Redact(string text)
    {
        var span = text.AsSpan();
        if (!span.Contains('@') && !span.ContainsAny(Hints)) return text;
        foreach (var (pattern, replacement) in Shapes) text = pattern.Replace(text, replacement);
        return text;
    }
}
