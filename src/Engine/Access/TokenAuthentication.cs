using System.Text.Encodings.Web;
using Engine.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Engine.Access;

/// <summary>Reads <c>Authorization: Bearer …</c>. A bad token is told from none, so that a caller knows what to mend.</summary>
public sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder, FindToken find, NoteTokenUse use)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, NullLoggerFactory.Instance, encoder) // it would log a line for each refusal: a flood
{
    public new const string Scheme = "bearer";

    TokenCheck? check;

    /// <returns>Null when the request carries no bearer token of the engine's shape.</returns>
    public static ApiToken? TokenOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? ApiToken.Parse(header["Bearer ".Length..].Trim()) : null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenOf(Request) is not { } token) return AuthenticateResult.NoResult();
        check = await find.RunAsync(token, Context.RequestAborted);
        if (check is not TokenCheck.Good good) return AuthenticateResult.Fail("The token is not good.");
        use.Note(good.TokenId);
        return AuthenticateResult.Success(new AuthenticationTicket(good.User, Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer realm=\"engine\"";
        var (code, detail) = check switch
        {
            TokenCheck.Expired expired => ("token_expired", $"This token expired at {expired.At:yyyy-MM-dd HH:mm} UTC; ask an admin for a new one."),
            TokenCheck.Revoked revoked => ("token_revoked", $"This token was revoked at {revoked.At:yyyy-MM-dd HH:mm} UTC; ask an admin for a new one."),
            _ when Request.Headers.Authorization.Count == 0 =>
                ("token_missing", "Send a token: Authorization: Bearer ae_…; the first start wrote one to the file admin-token in the data folder."),
            _ => ("token_invalid", "The engine does not know this token."),
        };
        return Refusal.WriteAsync(Context, code, detail, StatusCodes.Status401Unauthorized);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var needed = Context.GetEndpoint()?.Metadata.GetOrderedMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>() is [.., { Policy: { } policy }]
            ? policy : Roles.Admin;
        return Refusal.WriteAsync(Context, "role_insufficient",
            $"This needs the role {needed}; the token {Context.User.Caller().Prefix} has {Context.User.Caller().Role}.", StatusCodes.Status403Forbidden);
    }
}
