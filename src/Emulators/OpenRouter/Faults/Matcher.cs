namespace Emulators.OpenRouter.Faults;

/// <summary>What a call asks, as far as rules look at it.</summary>
/// <param name="IsWork">It asks a model, rather than about models or money.</param>
sealed record Asked(string Path, bool IsWork, string? Model = null, string? User = null, string? System = null, string? Tool = null);

/// <summary>A <see cref="Match"/>, ready to be used.</summary>
sealed class Matcher(Match? match)
{
    readonly Pattern? model = Pattern.Of(match?.Model), user = Pattern.Of(match?.User), system = Pattern.Of(match?.System), tool = Pattern.Of(match?.Tool), path = Pattern.Of(match?.Path);

    public bool Matches(Asked asked) =>
        (path?.IsIn(asked.Path) ?? asked.IsWork) && (model?.IsIn(asked.Model) ?? true) && (user?.IsIn(asked.User) ?? true)
        && (system?.IsIn(asked.System) ?? true) && (tool?.IsIn(asked.Tool) ?? true);
}
