namespace Emulators.OpenRouter.Faults;

/// <summary>Which calls go wrong, how, and how often.</summary>
/// <param name="Fault">Names of faults joined by <c>+</c>, as the README lists them.</param>
public sealed record FaultRule(string Fault)
{
    /// <summary>Null: every call of chat and embeddings.</summary>
    public Match? Match { get; init; }

    /// <summary>Null: until it is taken back.</summary>
    public int? Times { get; init; }

    public int? AfterFrames { get; init; }

    public double? Seconds { get; init; }

    public double? RetryAfterSeconds { get; init; }

    /// <summary>Of an error in band.</summary>
    public int? Status { get; init; }

    /// <summary>An <c>x-should-retry</c> header with an error status; null: none.</summary>
    public bool? ShouldRetry { get; init; }

    /// <summary>What is wrong with the rule; null: nothing.</summary>
    internal string? Problem() =>
        FaultKind.Unknown(Fault) is { } unknown ? $"There is no fault \"{unknown}\"; GET /emulator/faults lists them."
        : Times < 1 ? "times must be 1 or more." : AfterFrames < 0 ? "after_frames must be 0 or more."
        : Status is < 400 or > 599 ? "status must be from 400 to 599." : Match?.Problem();
}
