using System.Text.RegularExpressions;

namespace Routing.Performance;

/// <summary>What a failed call says of the way it took: the kinds of errors, sorted by whose fault they are.</summary>
public static partial class FailureKinds
{
    /// <summary>What a kind becomes that is no snake case name; kinds are labels of metrics and members of a document, so they are few and short.</summary>
    public const string Other = "other";

    /// <summary>The request was refused for what it is: every way would, and the way works.</summary>
    static readonly HashSet<string> Callers = new(StringComparer.Ordinal)
    {
        "invalid_request", "context_length_exceeded", "token_limit_exceeded", "content_policy_violation", "permission_denied",
    };

    /// <summary>Our key or our money is refused: the whole provider is out.</summary>
    static readonly HashSet<string> Outs = new(StringComparer.Ordinal) { "authentication", "payment_required" };

    /// <summary>Whether a failure tells nothing of the model: it counts neither for breakers nor against its record.</summary>
    public static bool IsCallers(string kind) => Callers.Contains(kind);

    public static bool MeansOut(string? kind) => kind is not null && Outs.Contains(kind);

    public static string Known(string? kind) => kind is not null && Name().IsMatch(kind) ? kind : Other;

    [GeneratedRegex("^[a-z][a-z0-9_]{0,59}$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
