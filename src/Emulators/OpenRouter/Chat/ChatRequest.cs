using System.Text.Json;

namespace Emulators.OpenRouter.Chat;

/// <summary>What a chat call asks for, as far as the emulator heeds it. It lives no longer than the document it was read from.</summary>
sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>Slugs to try in this order when <see cref="Model"/> cannot be had.</summary>
    public IReadOnlyList<string> Fallbacks { get; init; } = [];

    public bool IsStreamed { get; init; }

    /// <summary>Completion tokens at most, reasoning among them; null: as many as the model allows.</summary>
    public int? MaxTokens { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>The array of tools as it was sent; null for none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>The tool that must be called: a name, or an empty text for any; null when none must be.</summary>
    public string? ForcedTool { get; init; }

    /// <summary>Whether the answer must be JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>What that JSON must look like; null: any object.</summary>
    public JsonElement? Schema { get; init; }

    public ReasoningWish Reasoning { get; init; } = new();

    public ProviderWish Provider { get; init; } = new();

    /// <summary>Whether a web search is part of the call, by plugin or by the <c>:online</c> variant.</summary>
    public bool WantsSearch { get; init; }

    /// <summary>A <c>cache_control</c> for the whole request: the last message is a breakpoint.</summary>
    public CacheMark? CacheControl { get; init; }

    public string? SessionId { get; init; }

    public string? EndUser { get; init; }

    public string? LastUserText => Messages.LastOrDefault(m => m.Role == "user")?.Text;

    public string? SystemText => Messages.Where(m => m.Role is "system" or "developer").Select(m => m.Text).Aggregate((string?)null, (all, one) => all is null ? one : $"{all}\n{one}");

    public string? ToolText => Messages[^1] is { Role: "tool" } last ? last.Text : null;
}

/// <param name="Text">All the text in it; of tool calls their names and arguments.</param>
sealed record ChatMessage(string Role, string Text, int Images, CacheMark? Mark);

/// <summary>A breakpoint: what stands before it is to be kept in the provider's cache.</summary>
sealed record CacheMark(bool IsHourLong);

/// <param name="IsOn">Null: as the model has it.</param>
sealed record ReasoningWish(bool? IsOn = null, string? Effort = null, int? MaxTokens = null, bool IsHidden = false);

/// <summary>The most somebody will pay, in USD per million tokens, request and image, and whom they want; null: anything and anybody.</summary>
sealed record ProviderWish(
    decimal? MaxPromptUsd = null, decimal? MaxCompletionUsd = null, decimal? MaxRequestUsd = null, IReadOnlyList<string>? Only = null, IReadOnlyList<string>? Ignore = null,
    decimal? MaxImageUsd = null);
