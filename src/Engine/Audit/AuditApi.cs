using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engine.Audit;

public static class AuditApi
{
    public static void MapAudit(this IEndpointRouteBuilder app)
    {
        var audit = app.MapGroup("/api/audit").WithTags("audit").RequireAuthorization(Roles.Operator);
        audit.MapGet("", List).WithSummary("Lists audit entries, newest first; actor, action and subject filter exactly.");
        audit.MapGet("/head", Head).WithSummary("The end of the audit chain; kept outside, it proves later that nothing before it was changed.");
        audit.MapPost("/verify", Verify).WithSummary("Recomputes the whole audit chain and names every problem.");
    }

    static async Task<Results<Ok<Page<AuditEntryResponse>>, ProblemHttpResult>> List(ListAudit list, CancellationToken ct,
        string? actor = null, string? action = null, string? subject = null, [FromQuery(Name = "page_token")] string? pageToken = null, int? limit = null)
    {
        string?[] filters = [Given(actor), Given(action), Given(subject)];
        if (filters.Any(f => f?.Contains('\0') == true)) return Refusal.Invalid("A filter must not hold the character U+0000; no entry does.");
        var query = JsonSerializer.Serialize((string?[])["audit", .. filters]);
        (DateTimeOffset, Guid)? after = null;
        if ((PageRequest.Read(pageToken, limit, query, keys: 2, out var page) ?? page.ReadKey(out after)) is { } refusal) return refusal;
        var rows = await list.RunAsync(new AuditFilter(filters[0], filters[1], filters[2]), after, page.Limit + 1, ct);
        return TypedResults.Ok(page.Of(rows, AuditEntryResponse.Of, row => PageRequest.Key(row.RecordedAt, row.EntryId)));
    }

    static async Task<Ok<AuditHead>> Head(ReadAuditHead head, CancellationToken ct) => TypedResults.Ok(await head.RunAsync(ct));

    static async Task<Results<Ok<AuditVerdictResponse>, ProblemHttpResult>> Verify(VerifyAuditRequest? request, VerifyAudit verify, CancellationToken ct)
    {
        var expected = request?.ExpectedHead is { } head ? new AuditHead(head.Position, head.ChainHash, null) : null;
        if (expected?.Problem() is { } problem) return Refusal.Invalid($"expected_head.{problem}");
        return TypedResults.Ok(AuditVerdictResponse.Of(await verify.RunAsync(expected, ct)));
    }

    static string? Given(string? filter) => string.IsNullOrEmpty(filter) ? null : filter;
}

/// <param name="Position">In the chain; null until the entry is linked, about a second after it was recorded.</param>
public sealed record AuditEntryResponse(
    Guid EntryId, DateTimeOffset RecordedAt, string Actor, string Action, string Subject, JsonElement Details, string? Source, long? Position)
{
    static readonly JsonDocumentOptions Bounded = new() { MaxDepth = RecordAudit.MaxDepth };

    public static AuditEntryResponse Of(AuditRow row) =>
        new(row.EntryId, row.RecordedAt, row.Actor, row.Action, row.Subject, Shown(row.Details), row.Source, row.Position);

    static JsonElement Shown(string details)
    {
        try
        {
            using var document = JsonDocument.Parse(details, Bounded);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // Deeper than RecordAudit writes: somebody put it there by SQL. It is shown as text, so that the list goes on.
            return JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["text"] = details });
        }
    }
}

/// <param name="ExpectedHead">A head that was noted earlier; null to compare with what the engine itself has kept.</param>
public sealed record VerifyAuditRequest(ExpectedHeadRequest? ExpectedHead = null);

/// <param name="ChainHash">64 lower-case hex digits.</param>
public sealed record ExpectedHeadRequest(long Position, string ChainHash);

/// <param name="Entries">Links that were recomputed.</param>
/// <param name="Unchained">Entries that still wait for their link.</param>
/// <param name="ProblemCount">All problems; a hundred of them are named.</param>
public sealed record AuditVerdictResponse(
    bool Intact, long Entries, long Unchained, AuditHead Head, long ProblemCount, IReadOnlyList<AuditProblem> Problems)
{
    public static AuditVerdictResponse Of(AuditVerdict verdict) =>
        new(verdict.Intact, verdict.Entries, verdict.Unchained, verdict.Head, verdict.ProblemCount, verdict.Problems);
}
