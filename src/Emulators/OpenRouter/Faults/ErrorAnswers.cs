using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Faults;

/// <summary>One typical error for each status of the contract.</summary>
static class ErrorAnswers
{
    public static readonly int[] Statuses = [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 524, 529];

    /// <summary>Seconds in Retry-After when nothing else is asked for.</summary>
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <param name="model">The slug asked for.</param>
    public static ErrorAnswer Of(int status, string model = "openai/gpt-4o-mini") => status switch
    {
        400 => new(400, "context_length_exceeded", "This endpoint's maximum context length is 128000 tokens. However, you requested about 130000 tokens.")
        {
            ProviderCode = "context_length_exceeded", Provider = "OpenAI",
        },
        401 => new(401, "authentication", "User not found."),
        402 => new(402, "payment_required", "Insufficient credits. Add more using https://openrouter.ai/settings/credits"),
        403 => new(403, "permission_denied", "Your chosen model requires moderation and your input was flagged.") { FlaggedInput = "what was asked", Provider = "OpenAI" },
        404 => new(404, "not_found", $"No endpoints found for {model}.")
        {
            Availability = new Availability("model_deprecated", IsRetryable: false, [model]) { Fallbacks = ["openai/gpt-4o-mini"] },
        },
        408 => new(408, "timeout", "Your request timed out."),
        413 => new(413, "payload_too_large", "The request is too large."),
        422 => new(422, "unprocessable", "The request is valid but cannot be processed."),
        429 => new(429, "rate_limit_exceeded", "Rate limit exceeded: free-models-per-min.") { PlatformLimit = 20, RetryAfter = Soon },
        500 => new(500, "server", "Internal Server Error"), // masked: no provider_code
        502 => new(502, "provider_unavailable", "Provider returned error") { ProviderCode = "upstream_error", Provider = "OpenAI" },
        503 => new(503, "provider_overloaded", $"No available provider for {model} meets your routing requirements.")
        {
            RetryAfter = Soon, Availability = new Availability("temporarily_unavailable", IsRetryable: true, [model]) { RetryAfter = Soon },
        },
        504 => new(504, "timeout", "The provider did not answer in time.") { ProviderCode = "timeout", Provider = "OpenAI" },
        524 => new(524, "timeout", "The edge network timed out."),
        529 => new(529, "provider_overloaded", "The provider is overloaded.") { ProviderCode = "overloaded_error", Provider = "Anthropic", RetryAfter = Soon },
        _ => new(status, status < 500 ? "invalid_request" : "unmapped", $"Status {status}."),
    };

    /// <summary>A provider's own limit, as opposed to the platform's.</summary>
    public static ErrorAnswer ProviderLimit(string model) => new(429, "rate_limit_exceeded", $"{model} is temporarily rate-limited upstream. Please retry shortly.")
    {
        ProviderCode = "rate_limit_exceeded", Provider = "OpenAI", RetryAfter = Soon,
        Availability = new Availability("capacity_exhausted", IsRetryable: true, [model]) { RetryAfter = Soon, Fallbacks = ["anthropic/claude-haiku-4.5"] },
    };
}
