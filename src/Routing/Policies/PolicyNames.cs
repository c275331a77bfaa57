using System.Text.RegularExpressions;

namespace Routing.Policies;

/// <summary>What policies and types of tasks may be called.</summary>
public static partial class PolicyNames
{
    public const string Form = "^[a-z][a-z0-9_]{0,62}$";

    const int MostShown = 60;

    public static bool IsName(string text) => Pattern().IsMatch(text);

    /// <summary>A name that somebody gave, short enough for a message.</summary>
    public static string Cut(string text) => text.Length <= MostShown ? text : text[..MostShown] + "…";

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex Pattern();
}
