namespace Routing.Catalog;

/// <summary>A model as one provider serves it.</summary>
/// <param name="Provider">Name of the provider's row, such as <c>openrouter</c>.</param>
/// <param name="Slug">As it is asked for, such as <c>openai/gpt-4o-mini</c>.</param>
/// <param name="ContextTokens">Input and output together; null: not known.</param>
/// <param name="MaxOutputTokens">Null: not known.</param>
/// <param name="Price">Null: not known, and no ceiling is set: not selectable.</param>
/// <param name="IsCeiling">The price is the most that an operator believes it can be, not what the provider says.</param>
/// <param name="ExpiresAt">When the provider takes it away; null: not announced.</param>
public sealed record CatalogModel(string Provider, string Slug, string Name, long? ContextTokens, long? MaxOutputTokens, ModelPrice? Price, bool IsCeiling = false,
    DateTimeOffset? ExpiresAt = null)
{
    /// <summary>Such as <c>text</c>, <c>image</c>, <c>file</c>, <c>audio</c>.</summary>
    public IReadOnlySet<string> InputModalities { get; init; } = Text;

    public IReadOnlySet<string> OutputModalities { get; init; } = Text;

    /// <summary>Parameters of a request that it understands, such as <c>tools</c>, <c>response_format</c>, <c>reasoning</c>, <c>temperature</c>.</summary>
    public IReadOnlySet<string> Parameters { get; init; } = Nothing;

    /// <summary>The provider keeps nothing of what is sent.</summary>
    public bool IsZeroRetention { get; init; }

    /// <summary>Where it is computed, such as <c>eu</c>; empty: not known.</summary>
    public IReadOnlySet<string> Regions { get; init; } = Nothing;

    /// <summary>How good it is thought to be before anything is known, 0 to 1; null: nothing is known.</summary>
    public double? PriorQuality { get; init; }

    static readonly IReadOnlySet<string> Text = new HashSet<string>(StringComparer.Ordinal) { "text" };
    static readonly IReadOnlySet<string> Nothing = new HashSet<string>(StringComparer.Ordinal);
}
