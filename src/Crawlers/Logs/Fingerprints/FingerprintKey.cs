using System.Security.Cryptography;

namespace Crawlers.Logs.Fingerprints;

static class FingerprintKey
{
    /// <param name="kind">m for messages, t for traces.</param>
    /// <param name="template">What identifies the event.</param>
    public static string Of(char kind, ReadOnlySpan<byte> template)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(template, hash);
        return $"{kind}{Fingerprint.Version}-{Convert.ToHexStringLower(hash[..16])}";
    }
}
