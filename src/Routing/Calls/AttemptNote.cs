namespace Routing.Calls;

/// <summary>One attempt that failed, as exceptions and events tell of it.</summary>
/// <param name="Kind">Snake case, such as <c>rate_limited</c>.</param>
/// <param name="Status">Of HTTP; null: no answer came, or the error was inside of one.</param>
public sealed record AttemptNote(string Provider, string Model, string Kind, int? Status)
{
    public override string ToString() => Status is { } status ? $"{Provider}/{Model}: {Kind} ({status})" : $"{Provider}/{Model}: {Kind}";
}
