using Routing.Providers;

namespace Engine.Gateway;

/// <summary>How people are told that answers are made up, in the same words everywhere.</summary>
static class EmulatedAnswers
{
    public const string Remedy =
        "Set ENGINE__ROUTING__OPENROUTERKEY and start the engine again, or give it a provider with `engine providers add openrouter --kind openrouter --key-file FILE`.";

    /// <returns>Null when no provider in use is an emulator.</returns>
    public static string? Told(IEnumerable<Provider> providers)
    {
        var used = providers.Where(p => p.IsEnabled).ToLookup(p => p.IsEmulated);
        if (!used[true].Any()) return null;
        var names = string.Join(", ", used[true].Select(p => p.Name).Order(StringComparer.Ordinal));
        return used[false].Any() ? $"answers of {names} are EMULATED: made up, at no real cost, beside those of {string.Join(", ", used[false].Select(p => p.Name).Order(StringComparer.Ordinal))}"
            : $"all answers are EMULATED, by {names}: made up, at no real cost. {Remedy}";
    }
}
