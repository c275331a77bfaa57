namespace Emulators.OpenRouter.Billing;

/// <summary>One call that reached the emulator, whatever became of it.</summary>
public sealed class LedgerEntry
{
    readonly ulong salt;
    volatile CallOutcome? outcome;

    internal LedgerEntry(long number, DateTimeOffset startedAt, ulong salt) => (Number, StartedAt, this.salt) = (number, startedAt, salt);

    /// <summary>Counted from 1, in the order of arrival.</summary>
    public long Number { get; }

    public DateTimeOffset StartedAt { get; }

    // Made when asked for: a million kept texts would be the largest part of the ledger.
    public string GenerationId => Billing.GenerationId.Of(Number, StartedAt, salt);

    /// <summary>What the caller calls it: its <c>X-Request-Id</c>, else the session or user of the body; null when it says nothing.</summary>
    public string? RequestKey { get; internal set; }

    /// <summary>The slug that was asked for, without a fault in it; null when the request did not say.</summary>
    public string? RequestedModel { get; internal set; }

    public bool IsStreamed { get; internal set; }

    /// <summary>How it ended; null while it runs.</summary>
    public CallOutcome? Outcome => outcome;

    internal void End(CallOutcome with) => outcome = with;
}

/// <param name="Model">The model that served and was priced; empty when none was reached.</param>
/// <param name="Status">Of the HTTP answer; 0 when none was sent.</param>
/// <param name="CostUsd">What was taken from the credits.</param>
/// <param name="UpstreamUsd">What the provider took: a part of the cost, or under BYOK on top of it.</param>
/// <param name="IsCancelled">The caller had gone, or the connection was cut, before all was generated.</param>
/// <param name="FinishReason">Null when it never finished.</param>
/// <param name="Fault">The fault that was played, null for none.</param>
public sealed record CallOutcome(
    string Model, string Provider, int Status, TokenCounts Tokens, decimal CostUsd, decimal UpstreamUsd, bool IsCancelled, string? FinishReason, string? Fault,
    DateTimeOffset EndedAt)
{
    /// <summary>Which kind of endpoint: <c>completions</c> or <c>embeddings</c>.</summary>
    public string Api { get; init; } = "completions";

    public bool IsByok { get; init; }

    public TimeSpan? FirstTokenAfter { get; init; }

    /// <summary>From when on <c>/generation</c> knows it.</summary>
    public DateTimeOffset ShownAt { get; init; }

    /// <summary>What reading from a cache saved; negative when writing to it cost more than that.</summary>
    public decimal CacheDiscountUsd { get; init; }
}
