using static Emulators.OpenRouter.Catalog.Pricing;

namespace Emulators.OpenRouter.Catalog;

/// <summary>A small catalog that has everything the real one has: real slugs, real prices of 2025, and each oddity of the wire at least once.</summary>
static class BuiltInModels
{
    static readonly string[] Seeing = ["text", "image"], SeeingAndReading = ["text", "image", "file"];

    static readonly Reasoning Optional = new(IsMandatory: false, IsDefault: false) { TakesMaxTokens = true };

    static readonly PriceOverride LongClaude = new()
    {
        MinPromptTokens = 200_000, PromptUsd = 0.000006m, CompletionUsd = 0.0000225m, InputCacheReadUsd = 0.0000006m, InputCacheWriteUsd = 0.0000075m,
        InputCacheWrite1hUsd = 0.000012m,
    };

    public static IReadOnlyList<CatalogModel> All { get; } =
    [
        OpenAI("gpt-3.5-turbo", "GPT-3.5 Turbo", "2023-05-28", 16_385, 4_096, PerMillion(0.5m, 1.5m)) with { Inputs = ["text"], HasStructuredOutputs = false },
        OpenAI("gpt-4o-mini", "GPT-4o-mini", "2024-07-18", 128_000, 16_384, PerMillion(0.15m, 0.6m, read: 0.075m)),
        OpenAI("gpt-4o", "GPT-4o", "2024-05-13", 128_000, 16_384, PerMillion(2.5m, 10m, read: 1.25m)),
        OpenAI("gpt-4.1", "GPT-4.1", "2025-04-14", 1_047_576, 32_768, PerMillion(2m, 8m, read: 0.5m) with { WebSearchUsd = 0.01m }),
        OpenAI("gpt-4.1-mini", "GPT-4.1 Mini", "2025-04-14", 1_047_576, 32_768, PerMillion(0.4m, 1.6m, read: 0.1m) with { WebSearchUsd = 0.01m }),
        OpenAI("gpt-4.1-nano", "GPT-4.1 Nano", "2025-04-14", 1_047_576, 32_768, PerMillion(0.1m, 0.4m, read: 0.025m) with { WebSearchUsd = 0.01m }),
        OpenAI("gpt-5", "GPT-5", "2025-08-07", 400_000, 128_000, PerMillion(1.25m, 10m, read: 0.125m) with { WebSearchUsd = 0.01m }) with
        {
            Reasoning = new(IsMandatory: true, IsDefault: true) { Efforts = ["high", "medium", "low", "minimal"] },
        },
        OpenAI("gpt-5-mini", "GPT-5 Mini", "2025-08-07", 400_000, 128_000, PerMillion(0.25m, 2m, read: 0.025m)) with
        {
            Reasoning = new(IsMandatory: true, IsDefault: true) { Efforts = ["high", "medium", "low", "minimal"] },
        },
        OpenAI("o4-mini", "o4 Mini", "2025-04-16", 200_000, 100_000, PerMillion(1.1m, 4.4m, read: 0.275m)) with { Reasoning = new(IsMandatory: true, IsDefault: true) },
        OpenAI("gpt-oss-120b", "gpt-oss-120b", "2025-08-05", 131_072, null, PerMillion(0.05m, 0.25m)) with
        {
            Inputs = ["text"], Provider = "DeepInfra", Reasoning = new(IsMandatory: true, IsDefault: true),
        },
        OpenAI("gpt-4o-search-preview", "GPT-4o Search Preview", "2025-03-12", 128_000, 16_384, PerMillion(2.5m, 10m) with { RequestUsd = 0.035m, ImageUsd = 0.003613m }),
        OpenAI("text-embedding-3-small", "Text Embedding 3 Small", "2024-01-25", 8_192, null, PerMillion(0.02m, 0m)) with
        {
            Inputs = ["text"], Outputs = ["embeddings"], HasTools = false, HasStructuredOutputs = false,
        },
        Anthropic("claude-3.5-haiku", "Claude 3.5 Haiku", "2024-11-04", 200_000, 8_192, PerMillion(0.8m, 4m, read: 0.08m, write: 1m, write1h: 1.6m)),
        Anthropic("claude-haiku-4.5", "Claude Haiku 4.5", "2025-10-15", 200_000, 64_000, PerMillion(1m, 5m, read: 0.1m, write: 1.25m, write1h: 2m)) with { Reasoning = Optional },
        Anthropic("claude-3.5-sonnet", "Claude 3.5 Sonnet", "2024-10-22", 200_000, 8_192, PerMillion(3m, 15m, read: 0.3m, write: 3.75m)) with { ExpiresOn = new(2027, 1, 31) },
        Anthropic("claude-sonnet-4", "Claude Sonnet 4", "2025-05-22", 1_000_000, 64_000,
            PerMillion(3m, 15m, read: 0.3m, write: 3.75m, write1h: 6m) with { WebSearchUsd = 0.01m, Overrides = [LongClaude] }) with { Reasoning = Optional },
        Anthropic("claude-sonnet-4.5", "Claude Sonnet 4.5", "2025-09-29", 1_000_000, 64_000,
            PerMillion(3m, 15m, read: 0.3m, write: 3.75m, write1h: 6m) with { WebSearchUsd = 0.01m, Overrides = [LongClaude] }) with { Reasoning = Optional },
        Anthropic("claude-opus-4", "Claude Opus 4", "2025-05-22", 200_000, 32_000, PerMillion(15m, 75m, read: 1.5m, write: 18.75m, write1h: 30m)) with { Reasoning = Optional },
        Anthropic("claude-opus-4.1", "Claude Opus 4.1", "2025-08-05", 200_000, 32_000, PerMillion(15m, 75m, read: 1.5m, write: 18.75m, write1h: 30m)) with { Reasoning = Optional },
        Anthropic("claude-opus-4.5", "Claude Opus 4.5", "2025-11-24", 200_000, 64_000, PerMillion(5m, 25m, read: 0.5m, write: 6.25m, write1h: 10m)) with { Reasoning = Optional },
        new("~anthropic/claude-haiku-latest", "Anthropic: Claude Haiku Latest", 200_000, PerMillion(1m, 5m, read: 0.1m, write: 1.25m, write1h: 2m))
        {
            CreatedOn = new(2026, 1, 15), MaxCompletionTokens = 64_000, Provider = "Anthropic", Tokenizer = "Claude", Inputs = SeeingAndReading, Reasoning = Optional,
            StandsFor = "anthropic/claude-haiku-4.5",
        },
        Google("gemini-2.5-pro", "Gemini 2.5 Pro", "2025-06-17", PerMillion(1.25m, 10m, read: 0.31m, write: 1.625m) with
        {
            ImageUsd = 0.00516m,
            Overrides = [new() { MinPromptTokens = 200_000, PromptUsd = 0.0000025m, CompletionUsd = 0.000015m, InputCacheReadUsd = 0.000000625m, InputCacheWriteUsd = 0.000002875m }],
        }) with { Reasoning = new(IsMandatory: true, IsDefault: true) { TakesMaxTokens = true } },
        Google("gemini-2.5-flash", "Gemini 2.5 Flash", "2025-06-17", PerMillion(0.3m, 2.5m, read: 0.03m, write: 0.3833m) with { ImageUsd = 0.001238m }) with { Reasoning = Optional },
        Google("gemini-2.0-flash-001", "Gemini 2.0 Flash", "2025-02-05", PerMillion(0.1m, 0.4m, read: 0.025m, write: 0.1833m) with { ImageUsd = 0.0000258m, Discount = 0.25m }),
        Open("meta-llama/llama-3.3-70b-instruct", "Meta: Llama 3.3 70B Instruct", "2024-12-06", 131_072, "Together", "Llama3", PerMillion(0.13m, 0.38m)),
        Open("meta-llama/llama-3.3-70b-instruct:free", "Meta: Llama 3.3 70B Instruct (free)", "2024-12-06", 65_536, "Together", "Llama3", Free),
        Open("deepseek/deepseek-chat-v3.1", "DeepSeek: DeepSeek V3.1", "2025-08-21", 163_840, "DeepSeek", "DeepSeek", PerMillion(0.56m, 1.68m, read: 0.07m) with
        {
            Overrides = [new() { UtcStart = 1630, UtcEnd = 30, PromptUsd = 0.00000028m, CompletionUsd = 0.00000084m, InputCacheReadUsd = 0.000000035m }],
        }) with { Reasoning = new(IsMandatory: false, IsDefault: false) },
        Open("deepseek/deepseek-r1", "DeepSeek: R1", "2025-01-20", 163_840, "DeepSeek", "DeepSeek", PerMillion(0.4m, 2m)) with { Reasoning = new(IsMandatory: true, IsDefault: true) },
        Open("qwen/qwen3-235b-a22b", "Qwen: Qwen3 235B A22B", "2025-04-28", 40_960, "Alibaba", "Qwen3", PerMillion(0.18m, 0.54m)) with
        {
            Reasoning = new(IsMandatory: false, IsDefault: true),
        },
        Open("qwen/qwen3-coder", "Qwen: Qwen3 Coder 480B A35B", "2025-07-23", 262_144, "Alibaba", "Qwen3", PerMillion(0.22m, 0.95m, read: 0.022m)),
        Open("mistralai/mistral-large-2411", "Mistral Large 2411", "2024-11-19", 131_072, "Mistral", "Mistral", PerMillion(2m, 6m)),
        Open("mistralai/mistral-small-3.2-24b-instruct", "Mistral: Mistral Small 3.2 24B", "2025-06-20", 131_072, "Mistral", "Mistral", PerMillion(0.06m, 0.18m)),
        Open("x-ai/grok-code-fast-1", "xAI: Grok Code Fast 1", "2025-08-26", 256_000, "xAI", "Grok", PerMillion(0.2m, 1.5m, read: 0.02m)) with
        {
            Reasoning = new(IsMandatory: true, IsDefault: true),
        },
        Open("perplexity/sonar-deep-research", "Perplexity: Sonar Deep Research", "2025-03-07", 128_000, "Perplexity", "Other",
            PerMillion(2m, 8m) with { InternalReasoningUsd = 0.000003m, WebSearchUsd = 0.005m, RequestUsd = 0.005m }) with
        {
            Reasoning = new(IsMandatory: true, IsDefault: true), HasTools = false,
        },
        new("openrouter/auto", "Auto Router", 2_000_000, Unknown)
        {
            CreatedOn = new(2023, 11, 8), Provider = "OpenRouter", Tokenizer = "Router", Inputs = Seeing, StandsFor = "openai/gpt-4o-mini",
        },
    ];

    static CatalogModel OpenAI(string slug, string name, string createdOn, int context, int? maxCompletion, Pricing pricing) =>
        new($"openai/{slug}", $"OpenAI: {name}", context, pricing)
        {
            CreatedOn = Day(createdOn), MaxCompletionTokens = maxCompletion, Provider = "OpenAI", Tokenizer = "GPT", Inputs = SeeingAndReading, IsModerated = true,
        };

    static CatalogModel Anthropic(string slug, string name, string createdOn, int context, int maxCompletion, Pricing pricing) =>
        new($"anthropic/{slug}", $"Anthropic: {name}", context, pricing)
        {
            CreatedOn = Day(createdOn), MaxCompletionTokens = maxCompletion, Provider = "Anthropic", Tokenizer = "Claude", Inputs = SeeingAndReading, IsModerated = true,
        };

    static CatalogModel Google(string slug, string name, string createdOn, Pricing pricing) =>
        new($"google/{slug}", $"Google: {name}", 1_048_576, pricing)
        {
            CreatedOn = Day(createdOn), MaxCompletionTokens = 65_536, Provider = "Google AI Studio", Tokenizer = "Gemini", Inputs = ["text", "image", "file", "audio", "video"],
        };

    static CatalogModel Open(string id, string name, string createdOn, int context, string provider, string tokenizer, Pricing pricing) =>
        new(id, name, context, pricing) { CreatedOn = Day(createdOn), MaxCompletionTokens = 32_768, Provider = provider, Tokenizer = tokenizer };

    static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
}
