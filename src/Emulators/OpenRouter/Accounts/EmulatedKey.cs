namespace Emulators.OpenRouter.Accounts;

/// <summary>An API key that the emulator knows.</summary>
public sealed record EmulatedKey(string Key)
{
    public string Label { get; init; } = "emulated";

    /// <summary>What it may spend in each window; null: anything.</summary>
    public decimal? LimitUsd { get; init; }

    /// <summary><c>daily</c>, <c>weekly</c>, <c>monthly</c>; null: the limit is for good.</summary>
    public string? LimitReset { get; init; }

    /// <summary>Whether it may ask for credits and activity.</summary>
    public bool IsManagement { get; init; } = true;

    /// <summary>Revoked: answered with 401.</summary>
    public bool IsDisabled { get; init; }
}
