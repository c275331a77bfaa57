using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using LogLevel = Crawlers.Logs.Events.LogLevel;

namespace Engine.Logs;

public static class RulesApi
{
    public static void MapRules(this IEndpointRouteBuilder logs)
    {
        var rules = logs.MapGroup("/rules");
        rules.MapGet("", List).WithSummary("Lists the rules by which errors are told of.");
        rules.MapPut("/{name}", Put).RequireAuthorization(Roles.Operator).WithSummary("Makes or changes a rule.");
        rules.MapDelete("/{name}", Remove).RequireAuthorization(Roles.Operator).WithSummary("Removes a rule.");
    }

    static async Task<Ok<RulesResponse>> List(PutRule rules, CancellationToken ct) => TypedResults.Ok(new RulesResponse([.. (await rules.ListAsync(ct)).Select(RuleResponse.Of)]));

    static async Task<Results<Ok<RuleResponse>, ProblemHttpResult>> Put(string name, PutRuleRequest request, HttpContext http, PutRule put, TimeProvider time, CancellationToken ct)
    {
        var rule = new ListedRule(name, request.Kind, request.Threshold, request.Span, request.Factor, request.Cooldown ?? TimeSpan.FromMinutes(30), request.Priority, request.Service, request.Level, request.Enabled,
            time.GetUtcNow(), http.User.Caller().Actor);
        return await put.RunAsync(rule, rule.ChangedBy, http.Source(), ct) is { } problem ? Refusal.Invalid($"{problem}.") : TypedResults.Ok(RuleResponse.Of(rule));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> Remove(string name, HttpContext http, PutRule put, CancellationToken ct) =>
        await put.RemoveAsync(name, http.User.Caller().Actor, http.Source(), ct) ? TypedResults.NoContent() : Refusal.NotFound($"rule \"{name}\"");
}

/// <param name="Kind">new, spike, sustained, critical, regression, rate or storm.</param>
/// <param name="Threshold">Events in the span; spike: in a minute; sustained: minutes; storm: new errors.</param>
/// <param name="Factor">Of a spike: how many times its mean minute in the span before.</param>
/// <param name="Cooldown">For so long it is silent about an error that it has told of; null: 30 minutes.</param>
/// <param name="Service">Only errors of this service.</param>
/// <param name="Level">Only errors of at least this level.</param>
public sealed record PutRuleRequest(string Kind, int Threshold, TimeSpan Span, double Factor = 3, TimeSpan? Cooldown = null, string Priority = "normal", string? Service = null, LogLevel? Level = null, bool Enabled = true);

public sealed record RulesResponse(IReadOnlyList<RuleResponse> Rules);

public sealed record RuleResponse(string Name, string Kind, int Threshold, TimeSpan Span, double Factor, TimeSpan Cooldown, string Priority, string? Service, LogLevel? Level, bool Enabled, DateTimeOffset ChangedAt, string ChangedBy)
{
    public static RuleResponse Of(ListedRule r) => new(r.Name, r.Kind, r.Threshold, r.Span, r.Factor, r.Cooldown, r.Priority, r.Service, r.Level, r.IsEnabled, r.ChangedAt, r.ChangedBy);
}
