using System.Diagnostics;

namespace Routing.Providers.Wire;

/// <summary>Why an attempt at a call failed.</summary>
public enum ErrorKind
{
    /// <summary>The caller's: what it sent cannot be answered by anybody.</summary>
    InvalidRequest,

    /// <summary>Input and output do not fit into the model's context.</summary>
    ContextLengthExceeded,

    /// <summary>A limit of tokens other than the context.</summary>
    TokenLimitExceeded,

    /// <summary>A filter or the model itself refuses the content.</summary>
    ContentRefused,

    /// <summary>Our key is wrong or revoked.</summary>
    Authentication,

    /// <summary>No credit is left, or the key's own limit is reached.</summary>
    PaymentRequired,

    /// <summary>Guardrail, moderation or missing permission.</summary>
    PermissionDenied,

    /// <summary>The model is gone, or nobody behind the provider may serve it.</summary>
    NotFound,

    RateLimited,

    /// <summary>The provider says that it took too long.</summary>
    Timeout,

    ServerError,

    ProviderUnavailable,

    ProviderOverloaded,

    /// <summary>No connection could be made; nothing has left.</summary>
    Unreachable,

    /// <summary>Connected, and no sign of life.</summary>
    Silent,

    /// <summary>Signs of life, and no content in the time that it may take.</summary>
    NoFirstToken,

    /// <summary>Content, and then nothing more.</summary>
    Stalled,

    /// <summary>Not done in all the time that the call may take.</summary>
    TooLong,

    /// <summary>The answer ended before it was whole.</summary>
    Cut,

    /// <summary>The answer cannot be read, or is empty.</summary>
    Malformed,
}

public static class ErrorKinds
{
    /// <summary>As rows, metrics and events have it.</summary>
    public static string Name(this ErrorKind kind) => kind switch
    {
        ErrorKind.InvalidRequest => "invalid_request",
        ErrorKind.ContextLengthExceeded => "context_length_exceeded",
        ErrorKind.TokenLimitExceeded => "token_limit_exceeded",
        ErrorKind.ContentRefused => "content_policy_violation",
        ErrorKind.Authentication => "authentication",
        ErrorKind.PaymentRequired => "payment_required",
        ErrorKind.PermissionDenied => "permission_denied",
        ErrorKind.NotFound => "not_found",
        ErrorKind.RateLimited => "rate_limited",
        ErrorKind.Timeout => "timeout",
        ErrorKind.ServerError => "server_error",
        ErrorKind.ProviderUnavailable => "provider_unavailable",
        ErrorKind.ProviderOverloaded => "provider_overloaded",
        ErrorKind.Unreachable => "unreachable",
        ErrorKind.Silent => "silent",
        ErrorKind.NoFirstToken => "no_first_token",
        ErrorKind.Stalled => "stalled",
        ErrorKind.TooLong => "too_long",
        ErrorKind.Cut => "cut",
        ErrorKind.Malformed => "malformed",
        _ => throw new UnreachableException($"{kind}"),
    };
}
