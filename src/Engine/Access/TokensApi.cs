using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Access;

public static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder app)
    {
        var tokens = app.MapGroup("/api/tokens").WithTags("tokens").RequireAuthorization(Roles.Admin);
        tokens.MapPost("", Create).WithSummary("Makes a token; its text is in this answer and nowhere else.");
        tokens.MapGet("", List).WithSummary("Lists tokens, newest first.");
        tokens.MapDelete("/{tokenId:guid}", Revoke).WithSummary("Revokes a token; it stops working within a second on every node.");
    }

    static async Task<Results<Created<CreatedTokenResponse>, ProblemHttpResult>> Create(
        CreateTokenRequest request, HttpContext http, Idempotency idempotency, CreateToken create, TimeProvider time, CancellationToken ct)
    {
        if (request.Problem(time.GetUtcNow()) is { } problem) return Refusal.Invalid(problem);
        var answer = await idempotency.RunAsync<CreatedTokenResponse>(http, request, async (connection, transaction) =>
        {
            var (row, token) = await create.RunAsync(connection, transaction, request.Name.Trim(), request.Role, request.Tenant,
                request.ExpiresAt, http.User.Caller().Actor, http.Source(), ct);
            return CreatedTokenResponse.Of(row, token.Text);
        }, ct, stored: response => response with { Token = null });
        return answer is { Value: { } value } ? TypedResults.Created($"/api/tokens/{value.TokenId}", value) : answer.Refusal!;
    }

    static async Task<Results<Ok<Page<TokenResponse>>, ProblemHttpResult>> List(
        ListTokens list, CancellationToken ct, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        (DateTimeOffset, Guid)? after = null;
        if ((PageRequest.Read(pageToken, limit, "tokens", keys: 2, out var page) ?? page.ReadKey(out after)) is { } refusal) return refusal;
        var rows = await list.RunAsync(after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, TokenResponse.Of, row => PageRequest.Key(row.CreatedAt, row.TokenId)));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Revoke(Guid tokenId, HttpContext http, RevokeToken revoke, CancellationToken ct) =>
        await revoke.RunAsync(tokenId, http.User.Caller().Actor, http.Source(), ct)
            ? TypedResults.NoContent() : Refusal.NotFound($"token {tokenId}");
}

/// <param name="Name">Whom or what it is for, 1 to 100 characters.</param>
/// <param name="Role">reader, operator, approver or admin.</param>
/// <param name="Tenant">Whose the token is: a label that is shown with it and goes into the audit log. It narrows nothing yet, so an admin has none.</param>
/// <param name="ExpiresAt">When it stops working; null for never.</param>
public sealed record CreateTokenRequest(string Name, string Role, string? Tenant = null, DateTimeOffset? ExpiresAt = null)
{
    public string? Problem(DateTimeOffset now) => this switch
    {
        _ when Name.Trim().Length is 0 or > 100 => $"name must have 1 to 100 characters, has {Name.Trim().Length}.",
        _ when Name.Any(char.IsControl) || Tenant?.Any(char.IsControl) == true => "name and tenant must not hold control characters.",
        _ when !Roles.All.Contains(Role) => $"role must be one of {string.Join(", ", Roles.All)}, is \"{Role}\".",
        { Tenant: not null, Role: Roles.Admin } => "tenant must be absent for the role admin: an admin sees all tenants.",
        { Tenant.Length: 0 or > 100 } => $"tenant must have 1 to 100 characters, has {Tenant.Length}.",
        { ExpiresAt: { } at } when at <= now => $"expires_at must be in the future, is {at:O}.",
        _ => null,
    };
}

public sealed record TokenResponse(Guid TokenId, string Prefix, string Name, string Role, string? Tenant, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt)
{
    public static TokenResponse Of(TokenRow row) => new(row.TokenId, row.Prefix, row.Name, row.Role, row.Tenant, row.CreatedAt, row.CreatedBy,
        row.ExpiresAt, row.RevokedAt, row.LastUsedAt);
}

/// <param name="Token">The text to send as bearer token; null when this is the answer to a repeated request: it is shown once.</param>
public sealed record CreatedTokenResponse(Guid TokenId, string Prefix, string Name, string Role, string? Tenant, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt, string? Token)
{
    public static CreatedTokenResponse Of(TokenRow row, string token) => new(row.TokenId, row.Prefix, row.Name, row.Role, row.Tenant, row.CreatedAt,
        row.CreatedBy, row.ExpiresAt, row.RevokedAt, row.LastUsedAt, token);
}
