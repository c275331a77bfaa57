using System.Security.Claims;

namespace Engine.Access;

/// <summary>Who is asking: the token behind a request.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Name">As its creator named it.</param>
public sealed record Caller(string Id, string Prefix, string Name, string Role, string? Tenant)
{
    /// <summary>How the audit log names them, for example <c>token:k3jx9abc</c>.</summary>
    public string Actor => $"token:{Prefix}";
}

/// <summary>The caller as ASP.NET Core carries it.</summary>
public sealed class CallerIdentity(Caller caller)
    : ClaimsIdentity([new Claim(ClaimTypes.Role, caller.Role), new Claim(ClaimTypes.Name, caller.Name)], TokenAuthentication.Scheme)
{
    public Caller Caller { get; } = caller;
}

public static class CallerOfRequest
{
    /// <exception cref="InvalidOperationException">The endpoint was not put behind authorization.</exception>
    public static Caller Caller(this ClaimsPrincipal user) => (user.Identity as CallerIdentity)?.Caller
        ?? throw new InvalidOperationException("This endpoint needs RequireAuthorization.");
}
