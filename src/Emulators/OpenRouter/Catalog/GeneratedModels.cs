using Emulators.OpenRouter.Answers;

namespace Emulators.OpenRouter.Catalog;

/// <summary>Many models for syncs and benchmarks; the same number gives the same models.</summary>
static class GeneratedModels
{
    static readonly string[] Authors = ["acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell"];
    static readonly string[] Families = ["swift", "atlas", "nova", "ember", "orca", "lyra"];
    static readonly int[] Contexts = [8_192, 32_768, 131_072, 200_000, 1_000_000];

    public static IEnumerable<CatalogModel> Of(int count)
    {
        for (var number = 0; number < count; number++) yield return One(number);
    }

    static CatalogModel One(int number)
    {
        var chance = new Chance((ulong)number + 1);
        var author = Authors[number % Authors.Length];
        var context = Contexts[chance.Below(Contexts.Length)];
        var promptUsd = (1 + chance.Below(400)) * 0.00000005m; // 0.05 to 20 dollars a million
        var pricing = new Pricing(promptUsd, promptUsd * (2 + chance.Below(4)))
        {
            InputCacheReadUsd = chance.Below(2) == 0 ? promptUsd / 10 : null,
            Discount = chance.Below(20) == 0 ? 0.1m : 0,
            Overrides = chance.Below(10) == 0 ? [new() { MinPromptTokens = context / 2, PromptUsd = promptUsd * 2 }] : [],
        };
        return new CatalogModel($"{author}/{Families[chance.Below(Families.Length)]}-{number}", $"{author}: Model {number}", context, pricing)
        {
            CreatedOn = new DateOnly(2024, 1, 1).AddDays(chance.Below(700)), MaxCompletionTokens = Math.Min(context / 2, 32_768), Provider = "Together",
            HasTools = chance.Below(4) > 0, HasStructuredOutputs = chance.Below(3) > 0, Inputs = chance.Below(3) == 0 ? ["text", "image"] : ["text"],
            Reasoning = chance.Below(5) == 0 ? new Reasoning(IsMandatory: false, IsDefault: true) : null,
        };
    }
}
