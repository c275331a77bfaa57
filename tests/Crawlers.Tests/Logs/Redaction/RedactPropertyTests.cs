using System.Diagnostics;
using System.Text;
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

    [Fact]
    public void Time_grows_with_the_text_and_no_faster()
    {
        string[] pieces =
        [
            "password", "password=\"", "password: ", "token:", "token: token: ", "sk-", "eyJ", "eyJa.", "ghp_", "://", "x://a:b/", "@", "a@", "a.", "cookie: ", "cookie=\"", "authorization: ", "authorization=\"", "bearer ", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----",
            "1", "1 ", "4111 ", "+1", "+1 (", "DE89", "AKIA", "AKIAQ3EGNHF7XWT2ZJ5K ", "[redacted:", "[redacted:mail]", "\\\"", "\\", "<password>", "<password x", "password,", "\"password\",\"", "%40", "--password ", "SG.a.", ":AA", "SK0", "'key' value ", "xoxb-", "a", " ", "key=[\"a\",", "password=a,", "secret[", "password='",
        ];
        RedactText.Run("warm up: " + string.Concat(pieces));

        // Eight times the text takes eight times as long, not 64 times; the least of several runs, for the machine is shared. What takes little for a text six times as long as any that is stored is not compared.
        var slow = pieces.Where(piece => Enumerable.Range(0, 4).All(_ => Least(piece, 131_072) is var time && time > TimeSpan.FromMilliseconds(100) && time > 32 * Least(piece, 16_384))).ToList();

        Assert.Empty(slow);
    }

    static TimeSpan Least(string piece, int bytes)
    {
        var text = new StringBuilder(bytes + 64).Insert(0, piece, bytes / piece.Length).ToString();
        return Enumerable.Range(0, 3).Min(_ =>
        {
            var watch = Stopwatch.StartNew();
            RedactText.Run(text);
            return watch.Elapsed;
        });
    }
}
