namespace Crawlers.Logs.Fingerprints;

/// <summary>Later knowledge: events with one key count as those of another. The keys stay what they are, so an alias can be taken back.</summary>
/// <param name="From">A fingerprint's key.</param>
/// <param name="To">The group's: a fingerprint's key, or one that hubs give a trace.</param>
/// <param name="Reason">For people: what was learned, from how much.</param>
public sealed record Alias(string From, string To, string Reason);
