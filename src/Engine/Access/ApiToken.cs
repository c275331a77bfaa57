using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Engine.Access;

/// <summary>
/// The text that a caller holds: <c>ae_</c>, a prefix that may be shown (8 characters of base 32), <c>_</c>, and a secret
/// (256 random bits as 43 characters of base64url) of which only the SHA-256 is stored.
/// </summary>
public sealed record ApiToken(string Prefix, string Secret)
{
    const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";
    static readonly SearchValues<char> Base32Characters = SearchValues.Create(Base32);
    const int PrefixLength = 8;
    const int SecretLength = 43;

    public string Text => $"ae_{Prefix}_{Secret}";

    public byte[] Sha256() => SHA256.HashData(Encoding.ASCII.GetBytes(Secret));

    public static ApiToken Create() =>
        new(RandomNumberGenerator.GetString(Base32, PrefixLength), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    public static bool IsPrefix(string text) => text.Length == PrefixLength && !text.AsSpan().ContainsAnyExcept(Base32Characters);

    /// <returns>Null when the text has not the shape of a token.</returns>
    public static ApiToken? Parse(string text) =>
        text.Length == 3 + PrefixLength + 1 + SecretLength && text.StartsWith("ae_", StringComparison.Ordinal) && text[3 + PrefixLength] == '_'
        && !text.AsSpan(3, PrefixLength).ContainsAnyExcept(Base32Characters) && Base64Url.IsValid(text.AsSpan(^SecretLength..))
            ? new ApiToken(text.Substring(3, PrefixLength), text[^SecretLength..]) : null;

    /// <summary>Records print their members: this one must not.</summary>
    public override string ToString() => $"ae_{Prefix}_…";
}
