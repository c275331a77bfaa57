using System.Text.Json;

namespace Emulators.OpenRouter.Wire;

/// <summary>An error as the wire has it, before it has taken one of its shapes.</summary>
/// <param name="ErrorType">One of the canonical types, such as <c>provider_overloaded</c>.</param>
public sealed record ErrorAnswer(int Status, string ErrorType, string Message)
{
    /// <summary>The provider's own code; only a provider's error has one.</summary>
    public string? ProviderCode { get; init; }

    public string? Provider { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Retry-After names a moment instead of seconds.</summary>
    public bool IsRetryAfterDate { get; init; }

    /// <summary>Requests a minute that OpenRouter itself allows; only its own 429 say so. Null otherwise.</summary>
    public int? PlatformLimit { get; init; }

    /// <summary>Sent as <c>x-should-retry</c>, which relays send and OpenAI's clients obey; null: not sent, as OpenRouter has it.</summary>
    public bool? ShouldRetry { get; init; }

    public Availability? Availability { get; init; }

    /// <summary>A moderation's verdict; null when none was asked.</summary>
    public string? FlaggedInput { get; init; }

    /// <summary>Written as <c>error_type</c>, <c>http_status</c>, <c>availability</c> instead of <c>code</c>.</summary>
    public bool IsShapeB { get; init; }

    public static ErrorAnswer Invalid(string message) => new(400, "invalid_request", message);

    /// <param name="now">For the moment when a limit resets.</param>
    public void Write(Utf8JsonWriter json, DateTimeOffset now)
    {
        json.WriteStartObject();
        if (IsShapeB) WriteShapeB(json);
        else
        {
            WriteObject(json, "error", now);
            json.WriteString("user_id", "user_emulated");
        }
        json.WriteEndObject();
    }

    /// <summary>The error object of shape A, which frames and choices carry too.</summary>
    public void WriteObject(Utf8JsonWriter json, string name, DateTimeOffset now, bool hasTextCode = false)
    {
        json.WriteStartObject(name);
        if (hasTextCode) json.WriteString("code", "server_error");
        else json.WriteNumber("code", Status);
        json.WriteString("message", Message);
        json.WriteStartObject("metadata");
        json.WriteString("error_type", ErrorType);
        if (ProviderCode is not null) json.WriteString("provider_code", ProviderCode);
        if (Provider is not null) json.WriteString("provider_name", Provider);
        if (PlatformLimit is { } limit) WriteLimit(json, limit, now);
        if (FlaggedInput is not null) WriteModeration(json, FlaggedInput);
        json.WriteEndObject();
        Availability?.Write(json);
        json.WriteEndObject();
    }

    public static long ResetMilliseconds(DateTimeOffset now) => (now.ToUnixTimeSeconds() / 60 + 1) * 60_000;

    void WriteShapeB(Utf8JsonWriter json)
    {
        json.WriteStartObject("error");
        json.WriteString("message", Message);
        json.WriteString("error_type", ErrorType);
        json.WriteNumber("http_status", Status);
        Availability?.Write(json);
        json.WriteStartObject("metadata");
        json.WriteStartArray("previous_errors");
        json.WriteStartObject();
        json.WriteString("provider", Provider ?? "OpenAI");
        json.WriteString("code", ProviderCode ?? ErrorType);
        json.WriteNumber("status", Status);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteLimit(Utf8JsonWriter json, int limit, DateTimeOffset now)
    {
        json.WriteStartObject("headers");
        json.WriteString("X-RateLimit-Limit", $"{limit}");
        json.WriteString("X-RateLimit-Remaining", "0");
        json.WriteString("X-RateLimit-Reset", $"{ResetMilliseconds(now)}");
        json.WriteEndObject();
    }

    static void WriteModeration(Utf8JsonWriter json, string flagged)
    {
        json.WriteTexts("reasons", ["violence"]);
        json.WriteString("flagged_input", flagged.Length <= 100 ? flagged : $"{flagged[..48]}...{flagged[^48..]}");
        json.WriteString("model_slug", "openai/omni-moderation");
    }
}

/// <summary>Why a model cannot be had, and what can be had instead.</summary>
public sealed record Availability(string Code, bool IsRetryable, IReadOnlyList<string> Requested)
{
    public IReadOnlyList<string> Fallbacks { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("availability");
        json.WriteString("code", Code);
        json.WriteBoolean("retryable", IsRetryable);
        if (RetryAfter is { } after) json.WriteNumber("retry_after", (int)after.TotalSeconds);
        json.WriteTexts("requested_models", Requested);
        if (Fallbacks.Count > 0) json.WriteTexts("fallback_models", Fallbacks);
        json.WriteString("docs_url", $"https://openrouter.ai/docs/errors#{Code}");
        json.WriteEndObject();
    }
}
