using System.Net.Http.Headers;

namespace Routing.Providers.Wire;

/// <summary>What an error of a provider means and what follows from it: OpenRouter's table of errors, with the habits of others.</summary>
/// <param name="Status">Of HTTP, or what an error inside of an answer says that it would have been; null: not said.</param>
/// <param name="RetryAfter">When the same may be asked again, whatever the next step is; null: not said.</param>
/// <param name="Message">The provider's; may quote what was sent.</param>
public sealed record ProviderFault(ErrorKind Kind, NextStep Next, int? Status = null, TimeSpan? RetryAfter = null, string? Message = null)
{
    static readonly string[] ContextWords = ["context length", "context window", "maximum context", "prompt is too long", "exceed_context_size", "context_length"];

    public static ProviderFault Of(int status, ReadOnlyMemory<byte> body, HttpResponseHeaders headers, DateTimeOffset now) =>
        Of(status, WireError.OfBody(body), RetryHints.Of(headers, now));

    /// <param name="status">Of the answer's first line; null for an error inside of an answer, which names its own or has a type alone.</param>
    public static ProviderFault Of(int? status, WireError error, RetryHints hints)
    {
        var effective = status ?? error.Status;
        var kind = KindOf(effective, error);
        var after = hints.After ?? error.RetryAfter;
        return new ProviderFault(kind, After(kind, after, hints.MayRetry ?? error.IsRetryable), effective, after, error.Message);
    }

    /// <summary>The status decides; where it is none, or is several things, the type does.</summary>
    static ErrorKind KindOf(int? status, WireError error) => status switch
    {
        400 => OfBadRequest(error),
        401 => ErrorKind.Authentication,
        402 => ErrorKind.PaymentRequired,
        403 => ErrorKind.PermissionDenied,
        404 => ErrorKind.NotFound,
        408 or 504 or 524 => ErrorKind.Timeout,
        413 or 422 => SpeaksOfContext(error) ? ErrorKind.ContextLengthExceeded : ErrorKind.InvalidRequest,
        429 => error.Type is "insufficient_quota" or "billing_hard_limit_reached" ? ErrorKind.PaymentRequired : ErrorKind.RateLimited, // OpenAI's way to say 402
        502 => ErrorKind.ProviderUnavailable,
        503 or 529 => ErrorKind.ProviderOverloaded,
        >= 500 => ErrorKind.ServerError,
        >= 400 => ErrorKind.InvalidRequest,
        >= 300 => ErrorKind.ProviderUnavailable, // it leads elsewhere, where our key does not go
        _ => OfType(error),
    };

    static ErrorKind OfBadRequest(WireError error) => error.Type switch
    {
        "max_tokens_exceeded" or "token_limit_exceeded" or "string_too_long" => ErrorKind.TokenLimitExceeded,
        "content_policy_violation" or "refusal" or "content_filter" => ErrorKind.ContentRefused,
        _ => SpeaksOfContext(error) ? ErrorKind.ContextLengthExceeded : ErrorKind.InvalidRequest,
    };

    static ErrorKind OfType(WireError error) => error.Type switch
    {
        "authentication" or "invalid_api_key" or "authentication_error" => ErrorKind.Authentication,
        "payment_required" or "insufficient_quota" or "billing_error" => ErrorKind.PaymentRequired,
        "permission_denied" or "permission_error" => ErrorKind.PermissionDenied,
        "not_found" or "not_found_error" or "model_not_found" => ErrorKind.NotFound,
        "rate_limit_exceeded" or "rate_limit_error" => ErrorKind.RateLimited,
        "timeout" or "timeout_error" => ErrorKind.Timeout,
        "provider_overloaded" or "overloaded_error" => ErrorKind.ProviderOverloaded,
        "provider_unavailable" => ErrorKind.ProviderUnavailable,
        "invalid_request" or "invalid_prompt" or "invalid_request_error" or "unprocessable" or "payload_too_large" or "context_length_exceeded"
            or "max_tokens_exceeded" or "token_limit_exceeded" or "string_too_long" or "content_policy_violation" or "refusal" => OfBadRequest(error),
        _ => ErrorKind.ServerError,
    };

    static bool SpeaksOfContext(WireError error) =>
        error.Type is { } type && ContextWords.Any(w => type.Contains(w, StringComparison.OrdinalIgnoreCase))
        || error.Type is null or "invalid_request" or "invalid_request_error" or "BadRequestError"
            && error.Message is { } message && ContextWords.Any(w => message.Contains(w, StringComparison.OrdinalIgnoreCase));

    static NextStep After(ErrorKind kind, TimeSpan? after, bool? mayRetry) => kind switch
    {
        ErrorKind.InvalidRequest or ErrorKind.TokenLimitExceeded or ErrorKind.ContentRefused or ErrorKind.PermissionDenied => new NextStep.FailToCaller(),
        ErrorKind.ContextLengthExceeded => new NextStep.LargerModel(),
        ErrorKind.Authentication or ErrorKind.PaymentRequired => new NextStep.OpenBreakerForProvider(),
        ErrorKind.RateLimited when after is { } time && mayRetry != false => new NextStep.WaitRetryAfter(time),
        ErrorKind.Timeout or ErrorKind.ServerError when mayRetry != false =>
            after is { } time && time > TimeSpan.Zero ? new NextStep.WaitRetryAfter(time) : new NextStep.RetryOnceSameRoute(),
        _ => new NextStep.NextRoute(),
    };
}
