namespace Crawlers.Logs.Sources.Files;

/// <summary>Which files are read.</summary>
public sealed record FilesSettings
{
    /// <summary>Paths, absolute or from the working folder, with <c>*</c>, <c>?</c> and, for folders at any depth, <c>**</c>.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>What is left out, though it matches: patterns of whole paths, or of names where they have no slash.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The service whose log it is; null when the lines must tell.</summary>
    public string? Service { get; init; }

    /// <summary>Where files begin that are there when the source is seen for the first time; later ones begin at their beginning.</summary>
    public StartAt StartAt { get; init; } = StartAt.Beginning;
}

public enum StartAt
{
    Beginning,
    End,
}
