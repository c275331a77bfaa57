using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>Where an attempt goes, and with what.</summary>
/// <param name="Number">1 for the first of its request.</param>
sealed record AttemptRoute(int Number, Candidate Candidate, ProviderEndpoint Endpoint, Guid SelectionId)
{
    public string Provider => Candidate.Model.Provider;

    public string Model => Candidate.Model.Slug;

    /// <summary>As traces and metrics name it.</summary>
    public required string Operation { get; init; }

    public required Uri Url { get; init; }

    /// <summary>Makes the body; once for each attempt.</summary>
    public required Func<SentOnce> Body { get; init; }

    public bool IsStreamed { get; init; }

    public int Images { get; init; }

    /// <param name="rules">Who may serve behind the provider; none that is dearer than what was held for, besides.</param>
    public static AttemptRoute OfChat(int number, Candidate candidate, ProviderEndpoint endpoint, Guid selectionId, ChatRequest request, UpstreamRules rules) =>
        new(number, candidate, endpoint, selectionId)
        {
            Operation = "chat", Url = endpoint.ChatUrl, IsStreamed = endpoint.CanStream, Images = request.Images,
            Body = () => request.BodyFor(endpoint, new ModelAsked(candidate.Model.Slug, candidate.MaxTokens, candidate.Temperature, endpoint.CanStream, rules, MostPrice(endpoint, candidate, request.Images))
            {
                Parameters = candidate.Model.Parameters,
            }),
        };

    public static AttemptRoute OfEmbeddings(int number, Candidate candidate, ProviderEndpoint endpoint, Guid selectionId, EmbeddingsRequest request) =>
        new(number, candidate, endpoint, selectionId) { Operation = "embeddings", Url = endpoint.EmbeddingsUrl, Body = () => request.BodyFor(candidate.Model.Slug) };

    static MaxPrice? MostPrice(ProviderEndpoint endpoint, Candidate candidate, int images)
    {
        if (endpoint.Kind != WireKind.OpenRouter || candidate.Model.Price is not { } price) return null;
        var (prompt, completion, request) = (price.PromptUsd, price.CompletionUsd, price.RequestUsd);
        foreach (var other in price.Overrides)
            (prompt, completion, request) = (Math.Max(prompt, other.PromptUsd ?? 0), Math.Max(completion, other.CompletionUsd ?? 0), Math.Max(request, other.RequestUsd ?? 0));
        return new MaxPrice(prompt, completion, request, images > 0 ? price.ImageUsd : null);
    }
}
