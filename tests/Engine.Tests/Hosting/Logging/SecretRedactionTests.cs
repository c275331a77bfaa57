using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Hosting.Logging;

namespace Engine.Tests.Hosting.Logging;

public class SecretRedactionTests
{
    static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly Dictionary<string, (string Secret, string Kind)> Tokens = new()
    {
        ["OpenRouter key"] = (FakeSecrets.OpenRouter, "openrouter_key"),
        ["OpenAI key"] = (FakeSecrets.OpenAi, "api_key"),
        ["old OpenAI key"] = (FakeSecrets.OldOpenAi, "api_key"),
        ["Slack bot token"] = (FakeSecrets.SlackBot, "slack_token"),
        ["Slack user token"] = (FakeSecrets.SlackUser, "slack_token"),
        ["Slack app token"] = (FakeSecrets.SlackApp, "slack_token"),
        ["Slack rotating token"] = (FakeSecrets.SlackRotating, "slack_token"),
        ["Slack refresh token"] = (FakeSecrets.SlackRefresh, "slack_token"),
        ["GitHub token"] = (FakeSecrets.GitHub, "github_token"),
        ["GitHub app token"] = (FakeSecrets.GitHubApp, "github_token"),
        ["GitHub token with a JWT"] = ("gh" + "s_123456_" + FakeSecrets.Jwt, "github_token"),
        ["GitHub fine-grained token"] = (FakeSecrets.GitHubFineGrained, "github_token"),
        ["engine token"] = (FakeSecrets.Engine, "engine_token"),
        ["AWS key"] = (FakeSecrets.Aws, "aws_access_key"),
        ["JWT"] = (FakeSecrets.Jwt, "jwt"),
        ["PEM key"] = (FakeSecrets.Pem, "private_key"),
    };

    public static TheoryData<string> TokenNames => new(Tokens.Keys);

    [Theory]
    [MemberData(nameof(TokenNames))]
    public void A_token_is_taken_out_wherever_it_stands(string name)
    {
        var (secret, kind) = Tokens[name];
        var mark = $"[redacted:{kind}]";

        Assert.Equal(mark, SecretRedaction.Redact(secret));
        Assert.Equal($"{mark} was refused", SecretRedaction.Redact($"{secret} was refused"));
        Assert.Equal($"refused ({mark})", SecretRedaction.Redact($"refused ({secret})"));
        Assert.Equal($"key={mark}; key='{mark}'", SecretRedaction.Redact($"key={secret}; key='{secret}'"));
        Assert.Equal($"https://api.test/v1?key={mark}&x=1", SecretRedaction.Redact($"https://api.test/v1?key={secret}&x=1"));
        Assert.Equal($"https://x-access-token:{mark}@github.test/a/b", SecretRedaction.Redact($"https://x-access-token:{secret}@github.test/a/b"));
        Assert.Equal($"a\n{mark}\nb", SecretRedaction.Redact($"a\n{secret}\nb"));
    }

    [Theory]
    [MemberData(nameof(TokenNames))]
    public void A_line_of_JSON_stays_valid_and_keeps_all_else(string name)
    {
        var (secret, kind) = Tokens[name];
        var mark = $"[redacted:{kind}]";
        var texts = new[] { secret, $"at\n{secret}\nend", $"tab\t{secret}\t", $"\"{secret}\"", $"\u001b{secret}", $"\\{secret}\\", $"{{\"k\":\"{secret}\"}}" };

        foreach (var options in new[] { Relaxed, JsonSerializerOptions.Default })
        {
            var line = SecretRedaction.Redact(JsonSerializer.Serialize(new { texts, after = "kept" }, options));

            var read = JsonDocument.Parse(line).RootElement;
            Assert.Equal(texts.Select(text => text.Replace(secret, mark)), read.GetProperty("texts").EnumerateArray().Select(text => text.GetString()));
            Assert.Equal("kept", read.GetProperty("after").GetString());
        }
    }

    [Theory]
    [MemberData(nameof(TokenNames))]
    public void A_second_pass_changes_nothing(string name)
    {
        var once = SecretRedaction.Redact($"Password={Tokens[name].Secret};token {Tokens[name].Secret} https://u:{Tokens[name].Secret}@h/");

        Assert.Equal(once, SecretRedaction.Redact(once));
    }

    [Fact]
    public void Several_secrets_on_a_line_are_each_taken_out()
    {
        var line = $"{FakeSecrets.GitHub} {FakeSecrets.SlackBot},{FakeSecrets.OpenRouter};Password=hunter2;{FakeSecrets.GitHub}";

        Assert.Equal(
            "[redacted:github_token] [redacted:slack_token],[redacted:openrouter_key];Password=[redacted:password];[redacted:github_token]",
            SecretRedaction.Redact(line));
    }

    [Fact]
    public void Slack_addresses_lose_what_makes_them_secret()
    {
        Assert.Equal("https://[redacted:slack_webhook] said 404", SecretRedaction.Redact(FakeSecrets.SlackWebhook + " said 404"));
        Assert.Equal("""{"u":"https:\/\/[redacted:slack_webhook]"}""", SecretRedaction.Redact($$"""{"u":"{{FakeSecrets.SlackWebhook.Replace("/", "\\/")}}"}"""));
        Assert.Equal("wss://wss-primary.slack.com/link/?ticket=[redacted:slack_ticket]&app_id=A01", SecretRedaction.Redact(FakeSecrets.SlackSocket));
    }

    [Theory]
    [InlineData("RSA ")]
    [InlineData("EC ")]
    [InlineData("OPENSSH ")]
    [InlineData("ENCRYPTED ")]
    [InlineData("")]
    public void Private_keys_go_whole_however_their_line_ends_are_written(string kind)
    {
        var key = FakeSecrets.PemOf(kind, "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n" + FakeSecrets.PemBody);

        foreach (var form in new[] { key, key.Replace("\n", "\r\n"), key.Replace("\n", "\\n"), key.Replace("\n", "\\\\n"), key.Replace("\n", "\\r\\n"), key.Replace("\n", "\n    "), key.Replace("\n", " ") })
            Assert.Equal("a [redacted:private_key] b", SecretRedaction.Redact($"a {form} b"));
    }

    [Fact]
    public void A_private_key_that_was_cut_off_is_taken_out_as_far_as_it_goes()
    {
        var cut = FakeSecrets.Pem[..400].Replace("\n", "\\n");

        Assert.Equal("""{"message":"[redacted:private_key]","x":1}""", SecretRedaction.Redact($$"""{"message":"{{cut}}","x":1}"""));
    }

    [Theory]
    [InlineData("Host=h;Password=hunter2;Username=u", "Host=h;Password=*;Username=u")]
    [InlineData("Host=h;password = hunter2", "Host=h;password = *")]
    [InlineData("Server=s;Pwd=hunter2;", "Server=s;Pwd=*;")]
    [InlineData("Password=with some blanks;Host=h", "Password=*;Host=h")]
    [InlineData("Password=\"a;b c\";Host=h", "Password=*;Host=h")]
    [InlineData("Password='a;b c';Host=h", "Password=*;Host=h")]
    [InlineData("Password=back\\slash;Host=h", "Password=*;Host=h")]
    [InlineData("host=h password=hunter2 user=u", "host=h password=* user=u")]
    [InlineData("POSTGRES_PASSWORD=hunter2", "POSTGRES_PASSWORD=*")]
    [InlineData("PGPASSWORD=a&b,c%d psql", "PGPASSWORD=* psql")]
    [InlineData("""{"cs":"Host=h;Password=hunter2"}""", """{"cs":"Host=h;Password=*"}""")]
    [InlineData("""{"cs":"Password=\"a;b\";Host=h"}""", """{"cs":"Password=*;Host=h"}""")]
    [InlineData("""{"cs":"Password=a\\b;Host=h"}""", """{"cs":"Password=*;Host=h"}""")]
    [InlineData("""{"password":"hunter2","x":1}""", """{"password":"*","x":1}""")]
    [InlineData("""{"x_password" : "hun\"ter2"}""", """{"x_password" : "*"}""")]
    [InlineData("""{"body":"{\"password\":\"hunter2\",\"x\":1}"}""", """{"body":"{\"password\":\"*\",\"x\":1}"}""")]
    [InlineData("{'password': 'hunter2'}", "{'password': '*'}")]
    [InlineData("postgres://u:hunter2@h:5432/d", "postgres://u:*@h:5432/d")]
    [InlineData("postgresql://u:p%40ss:w0rd@h/d?x=1", "postgresql://u:*@h/d?x=1")]
    [InlineData("redis://:hunter2@h", "redis://:*@h")]
    [InlineData("https://u:p@ss@h/a@b", "https://u:*@h/a@b")]
    [InlineData("""{"u":"postgres://u:a\u0026b\\c@h/d"}""", """{"u":"postgres://u:*@h/d"}""")]
    [InlineData("""{"u":"postgres:\/\/u:hunter2@h\/d"}""", """{"u":"postgres:\/\/u:*@h\/d"}""")]
    public void Passwords_are_taken_out_of_settings_members_and_addresses(string text, string expected)
    {
        Assert.Equal(expected.Replace("*", "[redacted:password]"), SecretRedaction.Redact(text));
    }

    [Theory]
    [InlineData("Authorization: Bearer abc", "Authorization: Bearer [redacted:authorization]")]
    [InlineData("authorization:basic dXNlcjpwYXNz, next", "authorization:basic [redacted:authorization], next")]
    [InlineData("Proxy-Authorization: Basic dXNlcjpwYXNz==", "Proxy-Authorization: Basic [redacted:authorization]")]
    [InlineData("""{"Authorization":"Bearer abc","x":1}""", """{"Authorization":"Bearer [redacted:authorization]","x":1}""")]
    [InlineData("""{"authorization":["token abc"]}""", """{"authorization":["token [redacted:authorization]"]}""")]
    [InlineData("""curl -H \"Authorization: Bearer abc\" http://h""", """curl -H \"Authorization: Bearer [redacted:authorization]\" http://h""")]
    [InlineData("""{"Authorization":"Basic ab\u002Bcd==\u0022"}""", """{"Authorization":"Basic [redacted:authorization]\u0022"}""")]
    [InlineData("sent bearer 0123456789abcdef0123", "sent bearer [redacted:bearer_token]")]
    [InlineData("aws_secret_access_key = $", "aws_secret_access_key = [redacted:aws_secret_key]")]
    [InlineData("""{"SecretAccessKey":"$"}""", """{"SecretAccessKey":"[redacted:aws_secret_key]"}""")]
    public void Credentials_of_headers_and_settings_are_taken_out(string text, string expected)
    {
        Assert.Equal(expected, SecretRedaction.Redact(text.Replace("$", FakeSecrets.AwsSecret)));
    }

    [Theory]
    [InlineData("task-0af39c57-0af3-4c57-9a0c-0305e82c3301 claimed")]
    [InlineData("disk-0af39c570af39c570af39c57 is full, risk-1234567890123456789012345")]
    [InlineData("the class sk-loading-spinner-container of the page")]
    [InlineData("sk-short1")]
    [InlineData("3f2504e0-4f89-41d3-9a0c-0305e82c3301")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    [InlineData("commit aeb6053c0ffee0c0ffee0c0ffee0c0ffee0c0ffe")]
    [InlineData("etag W/\"0af39c570af39c57\" and base64 TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdA==")]
    [InlineData("ghp_short github_pattern ghs_ github_pat_x")]
    [InlineData("xoxo-hugs foxapp-1-2 boxb- maxapp-release")]
    [InlineData("AKIA is a prefix; AKIAshort; ASIA PACIFIC; XAKIAIOSFODNN7EXAMPLE")]
    [InlineData("eyJ alone and eyJhbGciOiJSUzI1NiJ9 without a second part.")]
    [InlineData("ae_k4x2mz7q is the prefix of a token; metadata_ae_1")]
    [InlineData("Bearer authentication is required; a bearer token of the wrong kind; bearer_methods_supported")]
    [InlineData("Basic authentication and basic configuration; WWW-Authenticate: Basic realm=\"x\"")]
    [InlineData("Authorization: failed for user u; authorization policy operator")]
    [InlineData("password must be set; the password of engine_owner; Password file /run/secret; PASSWORD_FILE=/run/x")]
    [InlineData("""{"message":"no password","password":"","password_file":"/run/x","password":null}""")]
    [InlineData("""{"message":"ends with password=","next":"kept"}""")]
    [InlineData("Now listening on: http://127.0.0.1:7410 and http://[::1]:7410/a:b")]
    [InlineData("mail someone@example.test about http://h:80/a@b and ssh://git@github.test:22/x")]
    [InlineData("docker.test:5000/a@sha256:9f86d081884c7d659a2feaa0c55ad015")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----")]
    [InlineData("see https://api.slack.com/services and ?ticket=42")]
    public void What_only_looks_similar_stays_as_it_is(string text)
    {
        Assert.Same(text, SecretRedaction.Redact(text));
    }

    public static TheoryData<string> Floods => new(
        "sk-", "-sk-sk_", "xoxb-", "xoxe.", "ghp_", "github_pat_", "eyJ", "-eyJ", "eyJ.", "eyJaaaaaaaaaaaa.", "AKIA", "ae_aaaaaaaa_", "password=",
        "password= ", "password='", "password=\"", "password=\\\"", "password=a b ", "password\":\"", "password\\\":\\\"", "pwd=\\", "://", "://a:", "a:b@",
        "://a:b@", "bearer ", "bearer a", "authorization: ", "authorization: bearer ", "hooks.slack.com/services/", "slack.com/link/?ticket=", "slack.com/?a=&",
        "secret_access_key=", "-----BEGIN ", "-----BEGIN PRIVATE " + "KEY-----", "-----BEGIN PRIVATE " + "KEY----------END ", "\\\\", "@", " ", "a");

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_megabyte_made_to_be_slow_is_not(string part)
    {
        var flood = string.Concat(Enumerable.Repeat(part, 1024 * 1024 / part.Length));
        var hints = "@ sk- ";
        SecretRedaction.Redact(hints + part);
        var clock = Stopwatch.StartNew();

        SecretRedaction.Redact(hints + flood);

        // Tens of milliseconds on a quiet machine; a pattern that is not linear takes minutes.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{part} took {clock.Elapsed}");
    }

    [Fact]
    public void A_secret_at_the_end_of_a_megabyte_is_found()
    {
        var ordinary = string.Concat(Enumerable.Repeat("GET /api/tasks 200 in 3 ms; ", 40_000));

        Assert.Equal(ordinary + "[redacted:github_token]", SecretRedaction.Redact(ordinary + FakeSecrets.GitHub));
    }
}
