namespace Engine.Hosting;

/// <summary>The engine cannot start, for a reason that a person can mend. Shown without a stack trace; the process exits with 1.</summary>
/// <param name="message">What is wrong: names the thing, the limit and the value.</param>
/// <param name="remedy">What to do about it, as an instruction; commands are written out.</param>
public sealed class StartupException(string message, string remedy, Exception? inner = null) : Exception(message, inner)
{
    public string Remedy { get; } = remedy;

    public override string ToString() => $"{Message}\n  Remedy: {Remedy}";
}
