using Crawlers.Logs.Redaction;

namespace Crawlers.Tests.Logs.Redaction;

/// <summary>Whatever stands around a secret, it does not survive; running it again changes nothing; and no text makes it slow.</summary>
public sealed class RedactPropertyTests
{
    static readonly string[] Around =
    [
        "order 17 lost", "\n", " ", "\t", "\"", "'", "\\\"", "\\n", "{", "}", "[", "]", "(", ")", "<", ">", "=", ":", ",", ";", "&", "?", "|", "—", "ä", "\u202e", "\u001b[31m", "2026-03-01T09:00:00Z",
        "password", "token=", "\"secret\":", "Cookie: ", "Authorization: ", "Bearer ", "://", "@", "a@b", "[redacted:", "[redacted:mail]", "key", "-----BEGIN ", "4111", "+49 ", "DE89", "x-api-key", "***", "null", "/", "\\", "%3D", "--password ", "<password>", "</password>", "12 ",
    ];

    /// <summary>What makes a word a secret by standing before it.</summary>
    static readonly string[] Named = ["\npassword=", " --token ", " ?access_token=", " {\"apiKey\":\"", "\nDB_PASSWORD: ", " client_secret = '", " <password>", " postgres://app:", "\nAuthorization: Bearer "];

    static readonly string[] Personal = ["jane.doe@mail.example.com", "4111111111111111", "4111 1111 1111 1111", "DE89370400440532013000", "123-45-6789", "+49 30 1234567", "+4915112345678"];

    [Fact]
    public void No_secret_survives_in_any_surroundings()
    {
        var random = new Random(4711);
        string Text() => string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => Around[random.Next(Around.Length)]));

        for (var i = 0; i < 20_000; i++)
        {
            var (_, secret) = Secrets.Tokens[random.Next(Secrets.Tokens.Length)];
            var before = " ";
            if (i % 3 == 0) secret = Personal[random.Next(Personal.Length)];
            else if (i % 2 == 0) (before, secret) = (Named[random.Next(Named.Length)], "hunter" + "2!x");
            var text = Text() + before + secret + (before.Contains("://", StringComparison.Ordinal) ? "@db " : " ") + Text();

            var once = RedactText.Run(text).Text;

            Assert.DoesNotContain(secret, once, StringComparison.Ordinal);
            Assert.Equal(once, RedactText.Run(once).Text);
        }
    }

    [Fact]
    public void Noise_is_redacted_once_and_for_all()
    {
        var random = new Random(815);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(3) == 0 ? ((char)random.Next(32, 127)).ToString() : Around[random.Next(Around.Length)]));

            var once = RedactText.Run(text).Text;

            Assert.Equal(once, RedactText.Run(once).Text);
        }
    }
}
