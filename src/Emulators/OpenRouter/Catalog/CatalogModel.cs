namespace Emulators.OpenRouter.Catalog;

/// <summary>One model as <c>/models</c> shows it.</summary>
/// <param name="Id">Such as <c>openai/gpt-4o-mini</c>, perhaps with a variant as in <c>:free</c>.</param>
/// <param name="ContextLength">Tokens of prompt and completion together.</param>
public sealed record CatalogModel(string Id, string Name, int ContextLength, Pricing Pricing)
{
    public string CanonicalSlug => $"{BaseId}-{CreatedOn:yyyyMMdd}";

    public string Author => Id[..Id.IndexOf('/', StringComparison.Ordinal)];

    public DateOnly CreatedOn { get; init; } = new(2025, 1, 1);

    /// <summary>Completion tokens at most; null: as many as the context leaves.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Who runs it, such as <c>OpenAI</c>.</summary>
    public string Provider { get; init; } = "Emulator";

    public string Tokenizer { get; init; } = "Other";

    public IReadOnlyList<string> Inputs { get; init; } = ["text"];

    public IReadOnlyList<string> Outputs { get; init; } = ["text"];

    public bool HasTools { get; init; } = true;

    public bool HasStructuredOutputs { get; init; } = true;

    /// <summary>How it reasons; null: it does not.</summary>
    public Reasoning? Reasoning { get; init; }

    public bool IsModerated { get; init; }

    /// <summary>When it may go; null: nothing is planned.</summary>
    public DateOnly? ExpiresOn { get; init; }

    /// <summary>The model that an alias such as <c>~anthropic/claude-haiku-latest</c> or a router stands for; null for a model itself.</summary>
    public string? StandsFor { get; init; }

    /// <summary>Without the variant.</summary>
    public string BaseId => Id.IndexOf(':', StringComparison.Ordinal) is > 0 and var at ? Id[..at] : Id;

    public bool IsRouter => Pricing.PromptUsd < 0;

    public bool IsEmbedding => Outputs is ["embeddings"];
}

/// <param name="IsMandatory">It cannot be switched off.</param>
/// <param name="IsDefault">It reasons unless told not to.</param>
public sealed record Reasoning(bool IsMandatory, bool IsDefault)
{
    public string DefaultEffort { get; init; } = "medium";

    /// <summary>From the highest to the lowest.</summary>
    public IReadOnlyList<string> Efforts { get; init; } = ["high", "medium", "low"];

    /// <summary>Whether <c>reasoning.max_tokens</c> is accepted.</summary>
    public bool TakesMaxTokens { get; init; }
}
