using System.ComponentModel;
using Engine.Hosting.Configuration;
using Routing.Providers;

namespace Engine.Gateway;

public sealed record RoutingSettings : IChecked
{
    [Secret]
    [Description("OpenRouter's API key; at the first start with it the provider `openrouter` is made. Later it is changed with `engine providers rotate`.")]
    public string? OpenRouterKey { get; init; }

    [Description("Where OpenRouter is asked: https, or http on this machine.")]
    public Uri OpenRouterUrl { get; init; } = new("https://openrouter.ai/api/v1");

    [Description("Whether an engine that has neither a provider nor a key answers calls to models by itself, made up and at no cost, for a first look; false: it makes no calls then.")]
    public bool Emulate { get; init; } = true;

    [Secret]
    [Description("Keys that the keys of providers are sealed under, a line `ID:BASE64` of 32 bytes each, the first in use; unset: `routing-keys` in the data folder, made once.")]
    public string? KeyRing { get; init; }

    [Description("How long a replaced key of a provider is kept for calls that began with it, 10 seconds to 1 day: longer than any call takes.")]
    public TimeSpan KeepReplacedKey { get; init; } = TimeSpan.FromMinutes(15);

    [Description("How long calls to models are kept, in whole days from 30 to 3650; what they cost stays in sums by day.")]
    public int KeepCallsDays { get; init; } = 400;

    [Description("How long after its last call what a task has spent of budgets for a task is kept, in whole days from 1 to 365; always while it may go on.")]
    public int KeepTaskBudgetsDays { get; init; } = 7;

    public IEnumerable<string> Problems()
    {
        if (OpenRouterKey is { } key && ProviderKey.Problem(key) is { } keyProblem) yield return $"OpenRouterKey is no key: {keyProblem}";
        if (ProviderAddress.Problem(OpenRouterUrl.OriginalString) is { } urlProblem)
            yield return $"OpenRouterUrl must be https, or http on this machine, is \"{OpenRouterUrl.OriginalString}\": {urlProblem}";
        if (KeyRing is { } ring && RingProblem(ring) is { } ringProblem) yield return $"KeyRing cannot be read: {ringProblem}";
        if (KeepReplacedKey < TimeSpan.FromSeconds(10) || KeepReplacedKey > TimeSpan.FromDays(1))
            yield return $"KeepReplacedKey must be from 00:00:10 to 1.00:00:00, is {KeepReplacedKey}";
        if (KeepCallsDays is < 30 or > 3650) yield return $"KeepCallsDays must be from 30 to 3650, is {KeepCallsDays}";
        if (KeepTaskBudgetsDays is < 1 or > 365) yield return $"KeepTaskBudgetsDays must be from 1 to 365, is {KeepTaskBudgetsDays}";
    }

    static string? RingProblem(string text)
    {
        try
        {
            Routing.Providers.KeyRing.Parse(text);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
