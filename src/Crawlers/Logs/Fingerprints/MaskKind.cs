namespace Crawlers.Logs.Fingerprints;

/// <summary>Why a part of a message was taken for a value. All kinds are one wildcard in the key, for a slot often holds several: an address or a host name.</summary>
public enum MaskKind
{
    /// <summary>Has a digit and no other known form.</summary>
    Number,
    Identifier,
    Hex,
    IpAddress,
    Path,
    Url,
    Email,
    Host,
    Date,
    Quoted,

    /// <summary>true, false, null and the like.</summary>
    Constant,

    /// <summary>Brackets with nothing in them, where others have a value.</summary>
    Empty,
}

/// <param name="Start">Byte offset in the message.</param>
public sealed record MaskedPart(int Start, int Length, MaskKind Kind, string Text);
