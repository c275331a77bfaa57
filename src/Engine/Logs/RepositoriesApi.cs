using Crawlers.Logs.Triage;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Logs;

public static class RepositoriesApi
{
    public static void MapRepositories(this IEndpointRouteBuilder logs)
    {
        var repositories = logs.MapGroup("/repositories");
        repositories.MapGet("", List).WithSummary("Lists where the code of services is.");
        repositories.MapPut("", Put).RequireAuthorization(Roles.Admin).WithSummary("Says where the code of a service is: a clone on the engine's host.");
        repositories.MapDelete("", Remove).RequireAuthorization(Roles.Admin).WithSummary("Forgets where the code of a service is.");
    }

    static async Task<Ok<RepositoriesResponse>> List(PutRepository repositories, CancellationToken ct) =>
        TypedResults.Ok(new RepositoriesResponse([.. (await repositories.ListAsync(ct)).Select(RepositoryResponse.Of)]));

    static async Task<Results<NoContent, ProblemHttpResult>> Put(PutRepositoryRequest request, HttpContext http, PutRepository put, CancellationToken ct) =>
        await put.RunAsync(request.Service ?? "", request.Path, request.Mappings ?? [], http.User.Caller().Actor, http.Source(), ct) is { } problem ? Refusal.Invalid($"{problem}.") : TypedResults.NoContent();

    static async Task<Results<NoContent, ProblemHttpResult>> Remove(HttpContext http, PutRepository put, CancellationToken ct, string service = "") =>
        !service.Contains('\0', StringComparison.Ordinal) && await put.RemoveAsync(service, http.User.Caller().Actor, http.Source(), ct) ? TypedResults.NoContent() : Refusal.NotFound($"repository of the service \"{service}\"");
}

/// <param name="Service">Null: of all that have none of their own.</param>
/// <param name="Path">Of a clone on the engine's host, bare or not.</param>
public sealed record PutRepositoryRequest(string Path, string? Service = null, IReadOnlyList<PathMapping>? Mappings = null);

public sealed record RepositoriesResponse(IReadOnlyList<RepositoryResponse> Repositories);

/// <param name="Service">Empty: of all that have none of their own.</param>
public sealed record RepositoryResponse(string Service, string Path, IReadOnlyList<PathMapping> Mappings, DateTimeOffset ChangedAt, string ChangedBy)
{
    public static RepositoryResponse Of(ListedRepository r) => new(r.Service, r.Path, r.Mappings, r.ChangedAt, r.ChangedBy);
}
