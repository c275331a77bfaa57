using System.Diagnostics;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Policies;

namespace Engine.Gateway;

public static class TaskTypesApi
{
    public static void MapTaskTypes(this RouteGroupBuilder routing)
    {
        routing.MapGet("/task_types", Show).WithSummary("The table of task types and the policies that they go by; its ETag is what a change must name.");
        routing.MapPut("/task_types", Replace).RequireAuthorization(Roles.Operator)
            .WithSummary("Replaces the table, if nobody has changed it since If-Match; on all engines within a second. The type generic stands in for those that are not in it.");
    }

    static async Task<Ok<TaskTypesResponse>> Show(HttpContext http, ReadPolicies read, CancellationToken ct)
    {
        var types = SetTaskTypes.Types((await read.RunAsync(ct)).Set);
        EntityTag.Write(http.Response, SetTaskTypes.MarkOf(types));
        return TypedResults.Ok(TaskTypesResponse.Of(types));
    }

    static async Task<Results<Ok<TaskTypesResponse>, ProblemHttpResult>> Replace(TaskTypesRequest request, HttpContext http, ReplaceTaskTypes replace, CancellationToken ct)
    {
        if (EntityTag.Require(http.Request, out var seen) is { } refusal) return refusal;
        switch (await replace.RunAsync([.. request.Items.Select(t => new TaskType(t.TaskType, t.Policy, t.Preference))], seen, http.User.Caller().Actor, http.Source(), ct))
        {
            case TaskTypesSet.Done done:
                EntityTag.Write(http.Response, SetTaskTypes.MarkOf(done.After));
                return TypedResults.Ok(TaskTypesResponse.Of(done.After));
            case TaskTypesSet.Stale stale: return EntityTag.Mismatch(stale.Mark);
            case TaskTypesSet.Refused refused:
                return TypedResults.Problem(new ProblemDetails
                {
                    Status = StatusCodes.Status400BadRequest, Detail = string.Join(" ", refused.Problems), Extensions = { ["code"] = "invalid_task_types", ["problems"] = refused.Problems },
                });
            case var other: throw new UnreachableException($"{other}");
        }
    }
}

/// <param name="Items">All of them, up to 500.</param>
public sealed record TaskTypesRequest(IReadOnlyList<TaskTypeResponse> Items);

public sealed record TaskTypesResponse(IReadOnlyList<TaskTypeResponse> Items)
{
    public static TaskTypesResponse Of(IReadOnlyList<TaskType> types) => new([.. types.Select(t => new TaskTypeResponse(t.Name, t.Policy, t.Preference))]);
}

/// <param name="TaskType">Such as fix_bug; generic stands in for those that are not in the table.</param>
/// <param name="Policy">The name of an active policy.</param>
/// <param name="Preference">fast, quality, code or balanced; null: as the policy says.</param>
public sealed record TaskTypeResponse(string TaskType, string Policy, string? Preference = null);
