using System.Buffers;
using System.Text;
using System.Text.Json;
using Engine.Access;
using Engine.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.AI;
using Routing.Calls;
using Routing.Policies;
using Routing.Providers;
using Routing.Selection;

namespace Engine.Gateway;

public static class AskApi
{
    public static void MapAsk(this IEndpointRouteBuilder app) => app.MapPost("/api/routing/ask", Ask).WithTags("routing").RequireAuthorization(Roles.Operator).DisableHttpMetrics()
        .Produces<AskedResponse>(contentType: "text/event-stream")
        .WithSummary("Makes one routed call and streams its answer as server-sent events: the text in events without a name, then \"done\" with what it took, or \"failed\". "
            + "What fails before the first text is refused instead: 402 when it does not fit into a budget, 503 when no model can be used or none answered.");

    static async Task<Results<EmptyHttpResult, ProblemHttpResult>> Ask(AskRequest request, HttpContext http, RoutedChatFactory chats, KeepSnapshot snapshot, ProviderKeys providers, TimeProvider time,
        IHostApplicationLifetime lifetime, CancellationToken ct)
    {
        if (request.Problem() is { } problem) return Refusal.Invalid(problem);
        var caller = http.User.Caller();
        if (caller.Tenant is { } own && request.Tenant is { } other && own != other) return Refusal.Of("other_tenant", $"The token is the tenant {own}'s, and cannot ask for {other}.", StatusCodes.Status403Forbidden);
        if (!snapshot.First.IsCompleted) await snapshot.RunOnceAsync(ct);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping); // a server that stops waits for its requests
        using var chat = chats.For(new CallOrigin(Guid.CreateVersion7(time.GetUtcNow()), Tenant: caller.Tenant ?? request.Tenant), request.Wish());
        await using var updates = chat.GetStreamingResponseAsync(request.Messages(), request.Options(), ends.Token).GetAsyncEnumerator(ends.Token);
        var answer = new AskedStream(http.Response, providers);
        try
        {
            while (await updates.MoveNextAsync()) await answer.SendAsync(updates.Current, ends.Token);
        }
        catch (Exception e) when (CallRefusal.Of(e, http.Response) is { } refusal)
        {
            if (!http.Response.HasStarted) return refusal;
            await answer.FailAsync(refusal, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The caller has left, or the engine stops.
        }
        return TypedResults.Empty;
    }
}

/// <param name="System">What the model is told before the prompt.</param>
/// <param name="Policy">A policy by name or alias; else the one of the task's type.</param>
/// <param name="TaskType">Such as fix_bug.</param>
/// <param name="Preference">fast, quality, code or balanced.</param>
/// <param name="MaxTokens">Output that is wanted at most.</param>
/// <param name="Tenant">Whose budgets count; else the token's tenant.</param>
public sealed record AskRequest(string Prompt, string? System = null, string? Policy = null, string? TaskType = null, string? Preference = null, int? MaxTokens = null, string? Tenant = null,
    IReadOnlyDictionary<string, string>? Labels = null)
{
    const int MostTenant = 100;

    internal string? Problem() => this switch
    {
        { Prompt: "" } => "prompt must not be empty.",
        { MaxTokens: < 1 } => $"max_tokens must be at least 1, is {MaxTokens}.",
        { Tenant: { Length: 0 or > MostTenant } } => $"tenant must have 1 to {MostTenant} characters.",
        { Preference: { } preference } when Preferences.Weights(preference) is null => $"preference must be one of {string.Join(", ", Preferences.All)}, is \"{PolicyNames.Cut(preference)}\".",
        _ => null,
    };

    internal RouteWish Wish() => new(Policy, TaskType, Preference) { Labels = Labels ?? new Dictionary<string, string>() };

    internal ChatMessage[] Messages() => [new(ChatRole.User, Prompt)];

    internal ChatOptions Options() => new() { Instructions = System, MaxOutputTokens = MaxTokens };
}

/// <summary>What a routed call took.</summary>
/// <param name="SelectionId">Its row in <c>model_selections</c>.</param>
/// <param name="IsEmulated">The answer is made up, and cost nothing real.</param>
/// <param name="IsCostEstimated">The provider has not said yet; the most that it can be.</param>
/// <param name="FirstTokenSeconds">Until the first content.</param>
/// <param name="Attempts">How many it took.</param>
public sealed record AskedResponse(Guid SelectionId, string Policy, string Provider, string Model, bool IsEmulated, decimal CostUsd, bool IsCostEstimated, double Seconds, double? FirstTokenSeconds, int Attempts,
    long? InputTokens, long? OutputTokens, IReadOnlyList<string> Reasons);

/// <summary>Writes an answer as server-sent events, as it comes.</summary>
sealed class AskedStream(HttpResponse response, ProviderKeys providers)
{
    public async Task SendAsync(ChatResponseUpdate update, CancellationToken ct)
    {
        Begin();
        if (update.Text.Length > 0) Write("", new { text = update.Text });
        else Write(": it thinks\n\n"); // a sign of life
        if (RoutedAnswer.Of(update.AdditionalProperties) is { } answer)
        {
            var usage = update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details;
            Write("event: done\n", new AskedResponse(answer.SelectionId, answer.Policy, answer.Provider, answer.Model,
                providers.Find(answer.Provider)?.Provider.IsEmulated == true, answer.CostUsd, answer.IsCostEstimated,
                Math.Round(answer.Latency.TotalSeconds, 4), answer.FirstToken is { } first ? Math.Round(first.TotalSeconds, 4) : null, answer.Attempts, usage?.InputTokenCount, usage?.OutputTokenCount,
                answer.Reasons));
        }
        await response.BodyWriter.FlushAsync(ct);
    }

    /// <summary>The answer breaks off: it must not look whole.</summary>
    public async Task FailAsync(ProblemHttpResult refusal, CancellationToken ct)
    {
        Write("event: failed\n", refusal.ProblemDetails);
        await response.BodyWriter.FlushAsync(ct);
    }

    void Begin()
    {
        if (response.HasStarted) return;
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no"; // proxies pass each event on as it comes
    }

    void Write(string head, object data)
    {
        Write($"{head}data: ");
        response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(data, EngineJson.Options));
        Write("\n\n");
    }

    void Write(string text) => Encoding.UTF8.GetBytes(text, response.BodyWriter);
}
