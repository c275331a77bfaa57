using System.Diagnostics;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Routing.Policies;
using Routing.Selection;

namespace Engine.Gateway;

public static class PoliciesApi
{
    const int VersionsShown = 50, MostNote = 2000;

    public static void MapPolicyVersions(this RouteGroupBuilder routing)
    {
        routing.MapGet("/policies", List).WithSummary("Lists policies by name, each in the version that is in force, or in its latest where none is.");
        routing.MapGet("/policies/{name}", Find).WithSummary("A policy in the version that is in force or was asked for, with its latest versions and what is odd about it; its ETag is what an activation must name.");
        routing.MapGet("/policies/{name}/diff", Diff).WithSummary("What is different between two versions; without them from the version in force to the latest.");
        routing.MapPost("/policies", Save).RequireAuthorization(Roles.Operator)
            .WithSummary("Checks a policy, explains what is wrong or odd about it, and keeps it as a new version, which is not in force yet. With dry_run nothing is kept.");
        routing.MapPost("/policies/{name}/activate", Activate).RequireAuthorization(Roles.Operator)
            .WithSummary("Puts a version in force in the place of the one that If-Match names, on all engines within a second.");
        routing.MapGet("/policy-schema", () => TypedResults.Text(PolicySchema.Text, "application/schema+json")).WithSummary("The JSON schema of a policy.");
    }

    static async Task<Results<Ok<Page<PolicyResponse>>, ProblemHttpResult>> List(
        ListPolicies list, CancellationToken ct, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        if (PageRequest.Read(pageToken, limit, "policies", keys: 1, out var page) is { } refusal) return refusal;
        if (!page.IsFirst && page.After[0].Any(char.IsControl)) return PageRequest.NotOurs();
        var rows = await list.RunAsync(page.IsFirst ? null : page.After[0], page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, PolicyResponse.Of, row => [row.Policy]));
    }

    static async Task<Results<Ok<ShownPolicyResponse>, ProblemHttpResult>> Find(
        string name, HttpContext http, ListPolicies list, KeepSnapshot snapshot, TimeProvider time, CancellationToken ct, int? version = null)
    {
        if (!PolicyNames.IsName(name) || await list.FindAsync(name, version, ct) is not { } found) return NoSuch(name, version);
        EntityTag.Write(http.Response, await list.ActiveAsync(name, ct) ?? 0);
        var policy = PolicyResponse.Of(found);
        var warnings = policy.Config is { } config ? WarnOfPolicy.Run(config, snapshot.Current.Policies, snapshot.Current.Models, time.GetUtcNow()) : [];
        var versions = await list.VersionsAsync(name, VersionsShown, ct);
        return TypedResults.Ok(new ShownPolicyResponse(policy, warnings, [.. versions.Select(v => new PolicyVersionResponse(v.Version, v.IsActive, v.Note, v.CreatedBy, v.CreatedAt))]));
    }

    static async Task<Results<Ok<PolicyDiffResponse>, ProblemHttpResult>> Diff(string name, ListPolicies list, CancellationToken ct, int? from = null, int? to = null)
    {
        if (!PolicyNames.IsName(name) || await list.FindAsync(name, from, ct) is not { } before) return NoSuch(name, from);
        if (await list.FindAsync(name, to ?? before.LatestVersion, ct) is not { } after) return NoSuch(name, to);
        var (old, changed) = (PolicyResponse.Of(before), PolicyResponse.Of(after));
        if ((old.Problem ?? changed.Problem) is { } problem) return Refusal.Of("unreadable_policy", $"A version cannot be read: {problem}");
        return TypedResults.Ok(new PolicyDiffResponse(name, before.Version, after.Version, Changes(old.Config, changed.Config!)));
    }

    static async Task<Results<Created<SavedPolicyResponse>, Ok<SavedPolicyResponse>, ProblemHttpResult>> Save(SavePolicyRequest request, HttpContext http, Idempotency idempotency,
        StorePolicy store, ReadPolicies read, ListPolicies list, KeepSnapshot snapshot, TimeProvider time, CancellationToken ct, [FromQuery(Name = "dry_run")] bool dryRun = false)
    {
        if (!PolicyNames.IsName(request.Policy)) return Refusal.Invalid($"policy must be of the form {PolicyNames.Form}, is \"{PolicyNames.Cut(request.Policy)}\".");
        if (request.Note is { } note && (note.Length > MostNote || note.Contains('\0'))) return Refusal.Invalid($"note must have at most {MostNote} characters and no U+0000, has {note.Length}.");
        var reading = ReadPolicyConfig.Run(request.Config);
        if (reading.Config is not { } config) return Invalid(reading.Problems);

        var active = await list.FindAsync(request.Policy, await list.ActiveAsync(request.Policy, ct), ct);
        var response = new SavedPolicyResponse(request.Policy, null, false, WarnOfPolicy.Run(config, snapshot.Current.Policies, snapshot.Current.Models, time.GetUtcNow()),
            active?.IsActive == true ? active.Version : null, Changes(active is null ? null : PolicyResponse.Of(active).Config, config));
        if (dryRun)
            return CheckPolicy.Problems(request.Policy, config, (await read.RunAsync(ct)).Set).ToArray() is { Length: > 0 } problems ? Invalid(problems) : TypedResults.Ok(response);

        var answer = await idempotency.RunAsync<SavedPolicyResponse>(http, request, async (connection, transaction) =>
            await store.RunAsync(connection, transaction, request.Policy, config, request.Note ?? "", http.User.Caller().Actor, http.Source(), ct) switch
            {
                PolicySaved.Saved saved => response with { Version = saved.Policy.Version, Created = saved.IsNew },
                PolicySaved.Refused refused => Invalid(refused.Problems),
                var other => throw new UnreachableException($"{other}"),
            }, ct);
        if (answer.Value is not { } kept) return answer.Refusal!;
        return kept.Created ? TypedResults.Created($"/api/routing/policies/{kept.Policy}?version={kept.Version}", kept) : TypedResults.Ok(kept);
    }

    static async Task<Results<Ok<ActivatedPolicyResponse>, ProblemHttpResult>> Activate(
        string name, ActivatePolicyRequest request, HttpContext http, SwitchPolicy activate, CancellationToken ct)
    {
        if (EntityTag.Require(http.Request, out var seen) is { } refusal) return refusal;
        if (!PolicyNames.IsName(name)) return NoSuch(name, request.Version);
        switch (await activate.RunAsync(name, request.Version, seen is 0 or > int.MaxValue ? null : (int)seen, http.User.Caller().Actor, http.Source(), ct))
        {
            case PolicyActivated.Activated activated:
                EntityTag.Write(http.Response, activated.Version);
                return TypedResults.Ok(new ActivatedPolicyResponse(name, activated.Version, activated.Before));
            case PolicyActivated.NoSuchVersion: return NoSuch(name, request.Version);
            case PolicyActivated.Stale stale: return EntityTag.Mismatch(stale.Active ?? 0);
            case PolicyActivated.Refused refused: return Invalid(refused.Problems);
            case var other: throw new UnreachableException($"{other}");
        }
    }

    static PolicyChangeResponse[] Changes(PolicyConfig? before, PolicyConfig after) =>
        [.. DiffPolicies.Changes(before, after).Select(c => new PolicyChangeResponse(c.Path, c.Before, c.After))];

    static ProblemHttpResult Invalid(IReadOnlyList<string> problems) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status400BadRequest, Detail = string.Join(" ", problems), Extensions = { ["code"] = "invalid_policy", ["problems"] = problems },
    });

    static ProblemHttpResult NoSuch(string name, int? version) => Refusal.NotFound($"policy \"{PolicyNames.Cut(name)}\"{(version is null ? "" : $" in version {version}")}");
}
