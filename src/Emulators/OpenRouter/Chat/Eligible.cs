using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Chat;

/// <summary>Whether a model may serve a request, and whether somebody can pay for it.</summary>
static class Eligible
{
    /// <returns>Why it may not; null when it may.</returns>
    public static ErrorAnswer? Refuse(ChatRequest request, CatalogModel model, DateTimeOffset now)
    {
        if (model.IsEmbedding) return WrongEndpoint(model.Id, "makes embeddings; ask it at /api/v1/embeddings");
        if (model.Reasoning is { IsMandatory: true } && request.Reasoning.IsOn == false) return ErrorAnswer.Invalid($"Reasoning is mandatory for {model.Id} and cannot be disabled.");
        var wish = request.Provider;
        var prompt = Tokens.Of(request);
        var price = model.Pricing.At(prompt, now);
        if (wish.Only is { } only && !only.Any(p => Is(model, p))) return Filtered(model, "provider.only");
        if (wish.Ignore is { } ignored && ignored.Any(p => Is(model, p))) return Filtered(model, "provider.ignore");
        if (price.PromptUsd * 1_000_000 > wish.MaxPromptUsd || price.CompletionUsd * 1_000_000 > wish.MaxCompletionUsd || price.RequestUsd > wish.MaxRequestUsd
            || price.ImageUsd > wish.MaxImageUsd && request.Messages.Any(m => m.Images > 0))
            return Filtered(model, "provider.max_price");
        var wanted = (long)prompt + (request.MaxTokens is { } most ? Math.Min(most, model.MaxCompletionTokens ?? most) : 1);
        return wanted <= model.ContextLength ? null
            : new ErrorAnswer(400, "context_length_exceeded",
                $"This endpoint's maximum context length is {model.ContextLength} tokens. However, you requested about {wanted} tokens ({prompt} of text input).")
            {
                ProviderCode = "context_length_exceeded", Provider = model.Provider,
            };
    }

    /// <returns>The 402 of an empty key or account; null when there is money left.</returns>
    public static ErrorAnswer? RefuseCredit(KeyAccount account, EmulatorParts parts, DateTimeOffset now)
    {
        if (account.LeftUsd(now) <= 0) return new ErrorAnswer(402, "payment_required", "Key limit exceeded. Manage it using https://openrouter.ai/settings/keys");
        if (parts.Ledger.TotalUsd < parts.Keys.CreditsUsd) return null;
        return new ErrorAnswer(402, "payment_required", "Insufficient credits. Add more using https://openrouter.ai/settings/credits");
    }

    public static ErrorAnswer WrongEndpoint(string slug, string why) =>
        ErrorAnswer.Invalid($"{slug} {why}.") with { Availability = new Availability("wrong_endpoint", IsRetryable: false, [slug]) };

    /// <summary>A provider's name as lists have it: <c>google-ai-studio</c> for Google AI Studio.</summary>
    public static string ProviderSlug(string name) => name.ToLowerInvariant().Replace(' ', '-');

    static bool Is(CatalogModel model, string provider) => ProviderSlug(model.Provider) == ProviderSlug(provider).Split('/')[0];

    static ErrorAnswer Filtered(CatalogModel model, string field) => new(404, "not_found", $"No endpoints found for {model.Id} that satisfy {field}.")
    {
        Availability = new Availability("constraint_filtered", IsRetryable: false, [model.Id]),
    };
}
