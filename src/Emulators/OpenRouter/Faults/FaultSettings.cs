using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Faults;

/// <summary>What a fault leaves open; null: its own default.</summary>
/// <param name="Model">The slug asked for, which messages name.</param>
sealed record FaultSettings(string Model, int? AfterFrames = null, double? Seconds = null, double? RetryAfterSeconds = null, int? Status = null, bool? ShouldRetry = null)
{
    public TimeSpan? OptionalSpan => Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public TimeSpan Span(double otherwise) => TimeSpan.FromSeconds(Seconds ?? otherwise);

    public Trouble Refuse(Trouble trouble, ErrorAnswer error)
    {
        error = error with { ShouldRetry = ShouldRetry };
        if (RetryAfterSeconds is not { } seconds) return trouble with { Refusal = error };
        var after = TimeSpan.FromSeconds(seconds);
        return trouble with { Refusal = error with { RetryAfter = after, Availability = error.Availability is { } a ? a with { RetryAfter = after } : null } };
    }

    public Trouble InBand(Trouble trouble, InBandError form) => trouble with { InBand = form, InBandError = ErrorAnswers.Of(Status ?? 502, Model) };

    /// <summary>Adds all of them to what is wrong already.</summary>
    public Trouble Add(Trouble trouble, IEnumerable<FaultKind> kinds)
    {
        foreach (var kind in kinds) trouble = kind.Add(trouble, this) with { Name = trouble.Name is null ? kind.Name : $"{trouble.Name}+{kind.Name}" };
        return AfterFrames is { } frames ? trouble with { AfterFrames = frames } : trouble;
    }
}
