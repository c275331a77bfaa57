namespace Engine.Hosting.Doctor;

public enum FindingStatus
{
    Ok,

    /// <summary>Could not or need not be looked at.</summary>
    Skipped,

    /// <summary>The engine works, but not as it should.</summary>
    Warning,

    /// <summary>The engine does not work like this.</summary>
    Failed,
}

/// <summary>What the doctor saw in one place.</summary>
/// <param name="Name">Stable, for programs: <c>postgres</c>, <c>port</c>, ….</param>
/// <param name="Remedy">What to do about it; never null on a warning or failure.</param>
public sealed record Finding(string Name, FindingStatus Status, string Message, string? Remedy)
{
    public static Finding Ok(string name, string message) => new(name, FindingStatus.Ok, message, null);

    public static Finding Skipped(string name, string message) => new(name, FindingStatus.Skipped, message, null);

    public static Finding Warning(string name, string message, string remedy) => new(name, FindingStatus.Warning, message, remedy);

    public static Finding Failed(string name, string message, string remedy) => new(name, FindingStatus.Failed, message, remedy);

    public static Finding Failed(string name, StartupException problem) => Failed(name, problem.Message, problem.Remedy);
}
