using Crawlers.Logs.Redaction;

namespace Crawlers.Tests.Logs.Redaction;

/// <summary>No secret is left in what is stored, whatever notation it came in.</summary>
public sealed class RedactSecretsTests
{
    const string Value = "hunter" + "2!x";

    [Theory]
    [MemberData(nameof(Secrets.OfTokens), MemberType = typeof(Secrets))]
    public void A_secret_with_a_form_of_its_own_is_known_anywhere(string kind, string secret)
    {
        var found = RedactText.Run($"cannot call upstream with {secret}, giving up");

        Assert.Equal($"cannot call upstream with [redacted:{kind}], giving up", found.Text);
        Assert.Equal(1, found.Counts[kind]);
    }

    [Theory]
    [MemberData(nameof(Secrets.OfTokens), MemberType = typeof(Secrets))]
    public void A_secret_in_json_leaves_the_json_whole(string kind, string secret)
    {
        var escaped = secret.Replace("\n", "\\n", StringComparison.Ordinal);

        Assert.Equal($$"""{"at":1,"what":"x [redacted:{{kind}}]","n":2}""", RedactText.Run($$"""{"at":1,"what":"x {{escaped}}","n":2}""").Text);
    }

    [Theory]
    [InlineData("id={0} key={1}")]
    [InlineData("{0}:{1}")]
    [InlineData("{{\"id\":\"{0}\",\"k\":\"{1}\"}}")]
    [InlineData("{1} belongs to {0}")]
    public void The_secret_key_of_aws_is_known_by_the_id_near_it(string form)
    {
        var found = RedactText.Run(string.Format(null, form, Secrets.AwsId, Secrets.AwsSecret));

        Assert.DoesNotContain(Secrets.AwsSecret, found.Text, StringComparison.Ordinal);
        Assert.Equal(2, found.Counts["aws_key"]);
    }

    [Theory]
    [InlineData("password={0}", "password=[redacted:password]")]
    [InlineData("login user=bob passwd={0} from 10.0.0.7", "login user=bob passwd=[redacted:password] from 10.0.0.7")]
    [InlineData("Server=db;Database=shop;User Id=app;Password={0};Pooling=true", "Server=db;Database=shop;User Id=app;Password=[redacted:password];Pooling=true")]
    [InlineData("Host=db;Pwd={0}", "Host=db;Pwd=[redacted:password]")]
    [InlineData("password: {0}", "password: [redacted:password]")]
    [InlineData("db.password : \"{0} and more\"", "db.password : \"[redacted:password]\"")]
    [InlineData("{{\"user\":\"bob\",\"password\":\"{0}\",\"n\":1}}", "{{\"user\":\"bob\",\"password\":\"[redacted:password]\",\"n\":1}}")]
    [InlineData("{{\"user\":\"bob\",\"password\" : \"a\\\"b{0}\",\"n\":1}}", "{{\"user\":\"bob\",\"password\" : \"[redacted:password]\",\"n\":1}}")]
    [InlineData("body={{\\\"client_secret\\\":\\\"{0}\\\",\\\"n\\\":1}}", "body={{\\\"client_secret\\\":\\\"[redacted:secret]\\\",\\\"n\\\":1}}")]
    [InlineData("{{'api_key': '{0}', 'n': 1}}", "{{'api_key': '[redacted:api_key]', 'n': 1}}")]
    [InlineData("{{:password=>\"{0}\", :n=>1}}", "{{:password=>\"[redacted:password]\", :n=>1}}")]
    [InlineData("<user><password>{0}</password></user>", "<user><password>[redacted:password]</password></user>")]
    [InlineData("<ns:Password type=\"text\">{0}</ns:Password>", "<ns:Password type=\"text\">[redacted:password]</ns:Password>")]
    [InlineData("<add key=\"ApiKey\" value=\"{0}\"/>", "<add key=\"ApiKey\" value=\"[redacted:api_key]\"/>")]
    [InlineData("{{\"name\":\"DB_PASSWORD\",\"value\":\"{0}\"}}", "{{\"name\":\"DB_PASSWORD\",\"value\":\"[redacted:password]\"}}")]
    [InlineData("GET /login?user=bob&access_token={0}&n=1 HTTP/1.1", "GET /login?user=bob&access_token=[redacted:token]&n=1 HTTP/1.1")]
    [InlineData("user%5Bpassword%5D={0}&n=1", "user%5Bpassword%5D=[redacted:password]&n=1")]
    [InlineData("run: deploy --db-password {0} --host db1", "run: deploy --db-password [redacted:password] --host db1")]
    [InlineData("deploy --token={0} now", "deploy --token=[redacted:token] now")]
    [InlineData("X-Api-Key: {0}", "X-Api-Key: [redacted:api_key]")]
    [InlineData("rawHeaders: [ 'X-Api-Key', '{0}' ]", "rawHeaders: [ 'X-Api-Key', '[redacted:api_key]' ]")]
    [InlineData("User(name=bob, apikey={0}, age=7)", "User(name=bob, apikey=[redacted:api_key], age=7)")]
    [InlineData("AWS_SECRET_ACCESS_KEY={0}", "AWS_SECRET_ACCESS_KEY=[redacted:aws_key]")]
    [InlineData("DB_PASS={0}", "DB_PASS=[redacted:password]")]
    [InlineData("AccountName=a;AccountKey={0}x/y==;EndpointSuffix=core", "AccountName=a;AccountKey=[redacted:azure_key];EndpointSuffix=core")]
    [InlineData("https://a.blob/b?sv=2024&sig=abcDEF123456{0}%3D&se=1", "https://a.blob/b?sv=2024&sig=[redacted:azure_key]&se=1")]
    [InlineData("postgres://app:{0}@db.internal:5432/shop", "postgres://[redacted:userinfo]@db.internal:5432/shop")]
    [InlineData("redis://:{0}@10.0.0.3:6379/0", "redis://[redacted:userinfo]@10.0.0.3:6379/0")]
    [InlineData("amqp://app:p/{0}@mq/vhost", "amqp://[redacted:userinfo]@mq/vhost")]
    [InlineData("https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/xyz{0}", "https://hooks.slack.com/[redacted:slack_webhook]!x")]
    [InlineData("password = {0}", "password = [redacted:password]")]
    [InlineData("MYSQL_PWD={0} mysql", "MYSQL_PWD=[redacted:password] mysql")]
    public void A_value_behind_the_name_of_a_secret_is_taken_out(string text, string expected) =>
        Assert.Equal(Filled(expected), RedactText.Run(Filled(text)).Text);

    static string Filled(string form) => form.Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal).Replace("{0}", Value, StringComparison.Ordinal);

    [Theory]
    [InlineData("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [redacted:authorization]")]
    [InlineData("authorization=Basic Ym9iOmh1bnRlcjI=", "authorization=Basic [redacted:authorization]")]
    [InlineData("{\"Authorization\":\"Bearer abcdef0123456789\",\"n\":1}", "{\"Authorization\":\"Bearer [redacted:authorization]\",\"n\":1}")]
    [InlineData("{\"authorization\":[\"Bearer abcdef0123456789\"],\"n\":1}", "{\"authorization\":[\"Bearer [redacted:authorization]\"],\"n\":1}")]
    [InlineData("Proxy-Authorization: Digest username=\"bob\", nonce=\"a1\", response=\"6629fae49393a05397450978507c4ef1\"\nHost: x", "Proxy-Authorization: Digest [redacted:authorization]\nHost: x")]
    [InlineData("curl -H 'Authorization: Bearer abcdef0123456789' http://x", "curl -H 'Authorization: Bearer [redacted:authorization]' http://x")]
    [InlineData("got bearer abcdef0123456789 from client", "got bearer [redacted:authorization] from client")]
    [InlineData("Cookie: sid=abc; theme=dark\nHost: x", "Cookie: [redacted:cookie]\nHost: x")]
    [InlineData("Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: [redacted:cookie]")]
    [InlineData("{\"cookie\":\"sid=abc; theme=dark\",\"n\":1}", "{\"cookie\":\"[redacted:cookie]\",\"n\":1}")]
    [InlineData("{\"set-cookie\":[\"sid=abc\", \"b=c\"],\"n\":1}", "{\"set-cookie\":[\"[redacted:cookie]\"],\"n\":1}")]
    public void Headers_that_let_somebody_in_lose_their_values(string text, string expected) => Assert.Equal(expected, RedactText.Run(text).Text);

    [Fact]
    public void A_private_key_whose_end_was_cut_off_is_taken_out_up_to_the_next_line_that_is_no_key()
    {
        var cut = Secrets.PrivateKey[..Secrets.PrivateKey.IndexOf("\n-----END", StringComparison.Ordinal)];

        Assert.Equal("key:\n[redacted:private_key]\n2026-03-01 ERROR lost", RedactText.Run($"key:\n{cut}\n2026-03-01 ERROR lost").Text);
    }

    [Theory]
    [InlineData("password=***")]
    [InlineData("password: ********")]
    [InlineData("{\"password\":\"***\",\"token\":null,\"secret\":\"\"}")]
    [InlineData("password=[FILTERED] token=<redacted> secret=[redacted:secret]")]
    [InlineData("password=<*> user=<*>")]
    [InlineData("password=xxxxxx")]
    [InlineData("password=${DB_PASSWORD}")]
    [InlineData("password=\npassword:\n")]
    [InlineData("Authorization: Bearer [redacted:authorization]")]
    [InlineData("postgres://[redacted:userinfo]@db/shop")]
    public void What_is_hidden_already_stays(string text) => Assert.Equal(text, RedactText.Run(text).Text);
}
