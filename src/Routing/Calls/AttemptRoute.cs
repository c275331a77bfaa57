using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>Where an attempt goes, and with what.</summary>
/// <param name="Number">1 for the first of its request.</param>
/// <param name="Policy">That was asked for; the candidate's may be another after a downgrade.</param>
sealed record AttemptRoute(int Number, string Policy, Candidate Candidate, ProviderEndpoint Endpoint, ChatRequest Request, UpstreamRules Rules, Guid SelectionId)
{
    public string Provider => Candidate.Model.Provider;

    public string Model => Candidate.Model.Slug;

    /// <summary>None that serves behind the provider may be dearer than what was held for.</summary>
    public ModelAsked Asked => new(Model, Candidate.MaxTokens, Candidate.Temperature, Endpoint.CanStream, Rules, MostPrice())
    {
        Parameters = Candidate.Model.Parameters, SelectionId = SelectionId,
    };

    MaxPrice? MostPrice()
    {
        if (Endpoint.Kind != WireKind.OpenRouter || Candidate.Model.Price is not { } price) return null;
        var (prompt, completion) = (price.PromptUsd, price.CompletionUsd);
        foreach (var other in price.Overrides)
            (prompt, completion) = (Math.Max(prompt, other.PromptUsd ?? 0), Math.Max(completion, other.CompletionUsd ?? 0));
        return new MaxPrice(prompt, completion);
    }
}
