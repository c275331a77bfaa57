using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Routing.Providers;

/// <summary>A key in the clear: in memory only, and never in a text. It can be put on a request and nothing else.</summary>
public sealed class ProviderKey
{
    const int Least = 4, Most = 1000, LongEnough = 16;

    readonly string text;

    /// <exception cref="FormatException">It is no key; the message does not hold it.</exception>
    public ProviderKey(Guid credentialId, string text)
    {
        if (Problem(text) is { } problem) throw new FormatException(problem);
        (CredentialId, this.text, Fingerprint) = (credentialId, text, FingerprintOf(text));
    }

    public Guid CredentialId { get; }

    /// <summary>What people tell it by: its last four characters, and the beginning of its SHA-256.</summary>
    public string Fingerprint { get; }

    public void Authorize(HttpRequestHeaders headers) => headers.Authorization = new AuthenticationHeaderValue("Bearer", text);

    internal byte[] Bytes() => Encoding.ASCII.GetBytes(text);

    /// <returns>Why a text can be no key; null when it can.</returns>
    public static string? Problem(string text) => text switch
    {
        { Length: < Least or > Most } => $"The key must have {Least} to {Most} characters, has {text.Length}.",
        _ when !text.All(c => c is > ' ' and <= '~') => "The key must be printable ASCII without blanks and line ends.",
        _ => null,
    };

    public static string FingerprintOf(string text)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));
        return text.Length < LongEnough ? $"sha256:{hash}" : $"…{text[^4..]} sha256:{hash}"; // four characters of a short one would be too much of it
    }

    /// <summary>Whoever puts it into a text gets its fingerprint.</summary>
    public override string ToString() => Fingerprint;
}
