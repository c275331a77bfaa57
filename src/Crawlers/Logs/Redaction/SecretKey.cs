namespace Crawlers.Logs.Redaction;

/// <summary>Which names of settings, fields and options hold secrets: by how they end, without the signs between their words.</summary>
static class SecretKey
{
    // The longer name before the one that it ends with.
    static readonly (string Ending, string Kind)[] Endings =
    [
        ("cancellationtoken", ""), ("nexttoken", ""), ("pagetoken", ""), ("continuationtoken", ""), ("unexpectedtoken", ""),
        ("password", "password"), ("passwd", "password"), ("passphrase", "password"), ("passcode", "password"), ("pwd", "password"),
        ("passwordhash", "password"), ("passwordconfirmation", "password"), ("passwordconfirm", "password"), ("passwordvalue", "password"),
        ("sharedaccesskey", "azure_key"), ("sharedaccesssignature", "azure_key"), ("accountkey", "azure_key"),
        ("secretaccesskey", "aws_key"), ("secret", "secret"), ("secretkey", "secret"), ("secretkeybase", "secret"), ("secretvalue", "secret"), ("privatekey", "secret"), ("signingkey", "secret"), ("encryptionkey", "secret"), ("masterkey", "secret"),
        ("token", "token"), ("tokenvalue", "token"), ("jsessionid", "token"), ("phpsessid", "token"), ("sessiontoken", "token"),
        ("apikey", "api_key"), ("accesskey", "api_key"), ("authkey", "api_key"), ("subscriptionkey", "api_key"), ("functionskey", "api_key"), ("applicationkey", "api_key"), ("licensekey", "api_key"),
    ];

    /// <returns>The kind; empty when the name is no secret's.</returns>
    public static string KindOf(ReadOnlySpan<char> name)
    {
        Span<char> plain = stackalloc char[64];
        var length = 0;
        foreach (var c in name)
            if (char.IsAsciiLetterOrDigit(c) && length < plain.Length) plain[length++] = char.ToLowerInvariant(c);
        var key = plain[..length].TrimEnd("0123456789");
        foreach (var (ending, kind) in Endings)
            if (key.EndsWith(ending)) return kind;
        if (key is "sig" || IsPass(name)) return key is "sig" ? "azure_key" : "pass";
        return "";
    }

    // db_pass, dbPass, pass; not bypass
    static bool IsPass(ReadOnlySpan<char> name) =>
        name.EndsWith("pass", StringComparison.OrdinalIgnoreCase) && (name.Length == 4 || name[^5] is '_' or '-' or '.' || (name[^4] == 'P' && char.IsAsciiLetterLower(name[^5])));
}
