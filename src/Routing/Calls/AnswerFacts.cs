using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What is known of an answer so far besides what it says.</summary>
sealed class AnswerFacts
{
    /// <summary>Null while it goes on.</summary>
    public string? Finish { get; set; }

    public WireUsage? Usage { get; private set; }

    /// <summary>How often it was told what was used; more than once is odd.</summary>
    public int Usages { get; private set; }

    /// <summary>The model that serves; null: not said.</summary>
    public string? Model { get; set; }

    /// <summary>The provider behind the provider; null: not said.</summary>
    public string? ServedBy { get; set; }

    public void Add(WireUsage usage) => (Usage, Usages) = (WireUsage.Later(Usage, usage), Usages + 1);
}
