using System.Text.Json;
using Routing.Policies;

namespace Engine.Gateway;

/// <param name="Policy">Its name: small letters, digits and underscores.</param>
/// <param name="Config">As `GET /api/routing/policy-schema` says.</param>
/// <param name="Note">Why it is changed; up to 2000 characters.</param>
public sealed record SavePolicyRequest(string Policy, JsonElement Config, string? Note = null);

public sealed record ActivatePolicyRequest(int Version);

/// <param name="Version">1 for the first; a change is a new version.</param>
/// <param name="IsActive">Whether this version is in force.</param>
/// <param name="Config">Null when the version cannot be read.</param>
/// <param name="CreatedBy">token:… as the audit log names them, or migration.</param>
/// <param name="Problem">Why the version cannot be read; null when it can.</param>
public sealed record PolicyResponse(string Policy, int Version, bool IsActive, int LatestVersion, PolicyConfig? Config, string Note, string CreatedBy, DateTimeOffset CreatedAt, string? Problem)
{
    public static PolicyResponse Of(ListedPolicy row)
    {
        var reading = ReadPolicyConfig.Run(row.PolicyConfig);
        return new(row.Policy, row.Version, row.IsActive, row.LatestVersion, reading.Config, row.Note, row.CreatedBy, row.CreatedAt,
            reading.Problems.Count == 0 ? null : string.Join(" ", reading.Problems));
    }
}

/// <param name="Warnings">What is allowed and likely not meant, beside the catalog as it is now.</param>
/// <param name="Versions">The latest, newest first.</param>
public sealed record ShownPolicyResponse(PolicyResponse Policy, IReadOnlyList<string> Warnings, IReadOnlyList<PolicyVersionResponse> Versions);

public sealed record PolicyVersionResponse(int Version, bool IsActive, string Note, string CreatedBy, DateTimeOffset CreatedAt);

/// <param name="Version">Null after a dry run.</param>
/// <param name="Created">False when the latest version says the same already, and after a dry run.</param>
/// <param name="Warnings">What is allowed and likely not meant, beside the catalog as it is now.</param>
/// <param name="ActiveVersion">What is in force, and stays so until another is activated; null: nothing is.</param>
/// <param name="Changes">Against the version in force.</param>
public sealed record SavedPolicyResponse(string Policy, int? Version, bool Created, IReadOnlyList<string> Warnings, int? ActiveVersion, IReadOnlyList<PolicyChangeResponse> Changes);

/// <param name="Path">Such as models[openai/gpt-4o].priority.</param>
/// <param name="Before">As JSON; null: it was not there.</param>
/// <param name="After">As JSON; null: it is not there any more.</param>
public sealed record PolicyChangeResponse(string Path, string? Before, string? After);

public sealed record PolicyDiffResponse(string Policy, int From, int To, IReadOnlyList<PolicyChangeResponse> Changes);

/// <param name="Before">The version that was in force until now; null: none was. The same when nothing had to be done.</param>
public sealed record ActivatedPolicyResponse(string Policy, int Version, int? Before);
