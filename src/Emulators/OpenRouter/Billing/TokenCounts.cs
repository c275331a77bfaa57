namespace Emulators.OpenRouter.Billing;

/// <summary>What one call used.</summary>
/// <param name="Prompt">All input tokens, those from and to a cache among them.</param>
/// <param name="Completion">All output tokens, reasoning among them.</param>
/// <param name="CacheWrite">Written for five minutes, or for an hour when <paramref name="IsHourLong"/>.</param>
public readonly record struct TokenCounts(int Prompt, int Completion, int Cached = 0, int CacheWrite = 0, int Reasoning = 0, int Images = 0, int Searches = 0, bool IsHourLong = false);
