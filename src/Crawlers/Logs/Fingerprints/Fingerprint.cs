using Crawlers.Logs.Events;

namespace Crawlers.Logs.Fingerprints;

/// <summary>What an event is, whatever its values.</summary>
/// <param name="Key">Its stateless identity: a letter for the kind, the version of the rules, and 128 bits in hex.</param>
/// <param name="Template">What the key was made of, to be read by people.</param>
/// <param name="Type">The outer exception; null when the event has no trace.</param>
/// <param name="Frames">Those that count, innermost first; empty without a trace.</param>
public sealed record Fingerprint(string Key, string Template, string? Type, string? RootType, IReadOnlyList<string> Frames)
{
    /// <summary>Of the rules. A new version maps old keys to new ones, so that an upgrade is no flood of new errors.</summary>
    public const int Version = 1;

    /// <summary>All own frames of the root cause from the innermost out, recursion folded: what hubs that are learned later cut. Empty without a trace.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>What the wording implies, for events that say no level: a trace is an error.</summary>
    public LogLevel ImpliedLevel { get; } = Type is not null ? LogLevel.Error : LevelOfWording.Of(Template);
}
