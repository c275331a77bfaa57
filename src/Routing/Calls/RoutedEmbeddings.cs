using Microsoft.Extensions.AI;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>
/// Makes vectors through the same ledger as answers. Vectors of two models cannot be compared: the model that is chosen first stays, and another
/// provider may serve it, but no other model.
/// </summary>
public sealed class RoutedEmbeddings(CallTools tools, CallOrigin origin, RouteWish wish) : IEmbeddingGenerator<string, Embedding<float>>
{
    static readonly HashSet<string> Needs = new(StringComparer.Ordinal) { "embeddings" };

    string? model;
    int requests;

    /// <exception cref="BudgetExceededException">It does not fit into what is left of a budget.</exception>
    /// <exception cref="NoModelException">There is no model for it.</exception>
    /// <exception cref="ChatFailedException">No provider of the model answered.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var inputs = values as IReadOnlyList<string> ?? [.. values];
        if (inputs.Count == 0) return [];
        var request = new EmbeddingsRequest(inputs, options?.Dimensions);
        var one = Interlocked.Increment(ref requests) == 1 ? origin : origin with { RequestId = Guid.CreateVersion7(tools.Time.GetUtcNow()) };
        var wanted = await wish.ForAsync(one, tools.Parts, request.InputBytes, request.InputTokens, 0, maxTokens: 1, cancellationToken) with { Needs = Needs };
        var call = new RoutedCall(tools, one, wanted, asked => OfOneModel(tools.Parts.Decide(asked), options?.ModelId), (number, candidate, endpoint, selectionId, _) =>
            AttemptRoute.OfEmbeddings(number, candidate, endpoint, selectionId, request), cancellationToken);
        while (true)
        {
            await using var attempt = new EmbeddingAttempt(tools, await call.OpenNextAsync(), request, call.EndsAt, cancellationToken);
            if (await attempt.RunAsync() is { } answer)
            {
                model ??= attempt.Route.Model;
                return Of(answer, call.Answer(attempt.Route, attempt.End!));
            }
            await call.GoOnAsync(attempt.Route, attempt.Fault!);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() { } // connections belong to all calls of the process

    RoutingDecision OfOneModel(RoutingDecision decision, string? wanted)
    {
        if (decision is not RoutingDecision.Chosen chosen) return decision;
        var slug = wanted ?? model ?? chosen.Candidates[0].Model.Slug;
        Candidate[] same = [.. chosen.Candidates.Where(c => c.Model.Slug == slug)];
        return same.Length > 0 ? chosen with { Candidates = same } : new RoutingDecision.Nobody("no_usable_model", $"{slug} cannot be used, and vectors of another model are others.") { Excluded = chosen.Excluded };
    }

    static GeneratedEmbeddings<Embedding<float>> Of(EmbeddingsAnswer answer, RoutedAnswer routed) =>
        new(answer.Vectors.Select(vector => new Embedding<float>(vector) { ModelId = routed.Model }))
        {
            Usage = answer.Usage is { } usage ? new UsageDetails { InputTokenCount = usage.Tokens.PromptTokens, TotalTokenCount = usage.Tokens.PromptTokens } : null,
            AdditionalProperties = routed.Properties(),
        };
}
