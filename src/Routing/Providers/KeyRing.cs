using System.Security.Cryptography;
using System.Text;

namespace Routing.Providers;

/// <summary>
/// The keys that seal credentials, each with an id; the first is the one in use, the others open what was sealed before. AES-256-GCM under a random nonce of
/// 96 bits, bound to provider, credential and key: a sealed text that is copied into another row does not open.
/// </summary>
public sealed class KeyRing
{
    const int KeyBytes = 32, NonceBytes = 12, TagBytes = 16, MostIdLength = 40;

    readonly Dictionary<string, byte[]> keys;

    KeyRing(Dictionary<string, byte[]> keys, string currentId) => (this.keys, CurrentId) = (keys, currentId);

    public string CurrentId { get; }

    /// <param name="text">Lines (or parts between commas) <c>id:base64</c> of 32 bytes; empty ones and those that begin with # do not count.</param>
    /// <exception cref="FormatException">It is no key ring; the message does not hold it.</exception>
    public static KeyRing Parse(string text)
    {
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        string? first = null;
        foreach (var (number, line) in text.Split('\n', ',').Select(l => l.Trim()).Index())
        {
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.Split(':', 2) is not [var id, var encoded] || !IsId(id.Trim()) || Decode(encoded.Trim()) is not { } key)
                throw new FormatException($"line {number + 1} is not ID:BASE64 with an id of up to {MostIdLength} letters, digits, - and _, and {KeyBytes} bytes");
            if (!keys.TryAdd(id.Trim(), key)) throw new FormatException($"line {number + 1} has the id of a line before");
            first ??= id.Trim();
        }
        return new KeyRing(keys, first ?? throw new FormatException("it has no key"));
    }

    /// <returns>The text of a ring with one new key.</returns>
    public static string Generate() =>
        $"k-{RandomNumberGenerator.GetHexString(8, lowercase: true)}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}\n";

    public bool Has(string keyId) => keys.ContainsKey(keyId);

    public SealedKey Seal(ProviderKey key, string provider)
    {
        var plain = key.Bytes();
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        var text = new byte[plain.Length + TagBytes];
        using var aes = new AesGcm(keys[CurrentId], TagBytes);
        aes.Encrypt(nonce, plain, text.AsSpan(0, plain.Length), text.AsSpan(plain.Length), Bound(provider, key.CredentialId, CurrentId));
        CryptographicOperations.ZeroMemory(plain);
        return new SealedKey(CurrentId, nonce, text);
    }

    /// <exception cref="UnreadableKeyException">It was sealed under a key that is not here, or is not what was sealed.</exception>
    public ProviderKey Open(SealedKey sealedKey, string provider, Guid credentialId)
    {
        if (!keys.TryGetValue(sealedKey.KeyId, out var key))
            throw new UnreadableKeyException($"The key of {provider} was sealed under {sealedKey.KeyId}, which the key ring of this engine does not have.");
        if (sealedKey.Text.Length < TagBytes) throw new UnreadableKeyException($"The sealed key of {provider} is cut off.");
        var plain = new byte[sealedKey.Text.Length - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(sealedKey.Nonce, sealedKey.Text.AsSpan(0, plain.Length), sealedKey.Text.AsSpan(plain.Length), plain, Bound(provider, credentialId, sealedKey.KeyId));
            return new ProviderKey(credentialId, Encoding.ASCII.GetString(plain));
        }
        catch (CryptographicException)
        {
            throw new UnreadableKeyException($"The sealed key of {provider} does not open under {sealedKey.KeyId}: its row was changed, or the key ring has another key of that id.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    // None of the parts can hold a line end.
    static byte[] Bound(string provider, Guid credentialId, string keyId) => Encoding.UTF8.GetBytes($"{provider}\n{credentialId}\n{keyId}");

    static bool IsId(string id) => id.Length is > 0 and <= MostIdLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    static byte[]? Decode(string text)
    {
        var key = new byte[KeyBytes];
        return Convert.TryFromBase64String(text, key, out var length) && length == KeyBytes ? key : null;
    }
}

/// <param name="KeyId">The key of the ring that it was sealed under.</param>
/// <param name="Text">With its tag at the end.</param>
public sealed record SealedKey(string KeyId, byte[] Nonce, byte[] Text);

/// <summary>A sealed key cannot be opened here. The message holds no secret.</summary>
public sealed class UnreadableKeyException(string message) : Exception(message);
