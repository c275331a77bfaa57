using System.Text;
using System.Text.Json;
using Routing.Providers;
using Support;

namespace Routing.Tests.Providers;

public sealed class KeyRingTests
{
    const string Text = "sk-or-v1-0123456789abcdef0123456789abcdef";

    static readonly Guid Id = Guid.Parse("01980000-0000-7000-8000-000000000001");

    [Fact]
    public void What_is_sealed_opens_for_its_own_row_alone()
    {
        var ring = KeyRing.Parse(KeyRing.Generate());
        var sealedKey = ring.Seal(new ProviderKey(Id, Text), "openrouter");

        Assert.Equal(Header(Text), Header(ring.Open(sealedKey, "openrouter", Id)));
        Assert.Throws<UnreadableKeyException>(() => ring.Open(sealedKey, "other", Id));
        Assert.Throws<UnreadableKeyException>(() => ring.Open(sealedKey, "openrouter", Guid.Empty));
        Assert.Throws<UnreadableKeyException>(() => ring.Open(sealedKey with { Nonce = new byte[12] }, "openrouter", Id));
        Assert.Throws<UnreadableKeyException>(() => ring.Open(sealedKey with { Text = sealedKey.Text[..8] }, "openrouter", Id));
        for (var i = 0; i < sealedKey.Text.Length; i++)
        {
            var changed = sealedKey.Text.ToArray();
            changed[i] ^= 1;
            Assert.Throws<UnreadableKeyException>(() => ring.Open(sealedKey with { Text = changed }, "openrouter", Id));
        }
    }

    [Fact]
    public void Nothing_of_a_key_is_in_what_is_sealed_and_no_nonce_comes_twice()
    {
        var ring = KeyRing.Parse(KeyRing.Generate());
        var all = Enumerable.Range(0, 1000).Select(_ => ring.Seal(new ProviderKey(Id, Text), "p")).ToArray();

        Assert.Equal(1000, all.Select(s => Convert.ToHexString(s.Nonce)).Distinct().Count());
        Assert.All(all, s => Assert.DoesNotContain("sk-or", Encoding.Latin1.GetString(s.Text), StringComparison.Ordinal));
    }

    [Fact]
    public void The_first_key_seals_and_the_others_open()
    {
        var (a, b) = (KeyRing.Generate().Trim(), KeyRing.Generate().Trim());
        var old = KeyRing.Parse(a).Seal(new ProviderKey(Id, Text), "p");
        var both = KeyRing.Parse($"# rotated in March\n\n {b}\r\n{a}\n");

        Assert.Equal(both.CurrentId, both.Seal(both.Open(old, "p", Id), "p").KeyId);
        Assert.Equal(b.Split(':')[0], both.CurrentId);
        Assert.Contains("does not have", Assert.Throws<UnreadableKeyException>(() => KeyRing.Parse(b).Open(old, "p", Id)).Message, StringComparison.Ordinal);
        Assert.Equal(both.CurrentId, KeyRing.Parse($"{b},{a}").CurrentId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("k1:AAAA")]
    [InlineData("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("k1:not base64 at all, it is a secret that was put here")]
    [InlineData("k 1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nk1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void What_is_no_key_ring_is_refused_without_being_repeated(string text)
    {
        var message = Assert.Throws<FormatException>(() => KeyRing.Parse(text)).Message;

        Assert.DoesNotContain("AAAA", message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_ring_is_made_once_for_its_owner_alone()
    {
        using var folder = new TempFolder();

        var rings = Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => KeyRingFile.ReadOrMake(folder.Path)).ToArray();

        Assert.Single(rings.Select(r => r.CurrentId).Distinct());
        var file = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Equal(rings[0].CurrentId, KeyRingFile.ReadOrMake(folder.Path).CurrentId);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_key_never_becomes_a_text()
    {
        var key = new ProviderKey(Id, Text);
        var access = new ProviderAccess(new Provider("p", "openai", new Uri("https://example.com"), true, false, [], new Dictionary<string, string>(), 1), key, null);

        foreach (var text in new[] { $"{key}", $"{access}", JsonSerializer.Serialize(key), JsonSerializer.Serialize(access), $"{new ProviderTest(true, false, 200, default, "", key)}" })
            Assert.DoesNotContain("0123456789", text, StringComparison.Ordinal);
        Assert.Equal("…cdef sha256:8e1a4e3f".Length, key.Fingerprint.Length);
        Assert.StartsWith("…cdef sha256:", key.Fingerprint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("with blank 0123456789")]
    [InlineData("line\nend-0123456789")]
    [InlineData("ünïcode-0123456789")]
    [InlineData("")]
    public void What_is_no_key_is_refused_without_being_repeated(string text)
    {
        var message = Assert.Throws<FormatException>(() => new ProviderKey(Id, text)).Message;

        Assert.DoesNotContain("0123456789", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ollama-key", "sha256:")] // a few characters are much of a short key
    [InlineData("ollama-key-12345", "…2345 sha256:")]
    public void Of_a_short_key_no_character_is_shown(string text, string shown) =>
        Assert.StartsWith(shown, ProviderKey.FingerprintOf(text), StringComparison.Ordinal);

    static string Header(string text) => $"Bearer {text}";

    static string Header(ProviderKey key)
    {
        using var request = new HttpRequestMessage();
        key.Authorize(request.Headers);
        return request.Headers.Authorization!.ToString();
    }
}
