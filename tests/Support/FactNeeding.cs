namespace Support;

/// <summary>A fact that runs a program of the system: without it, skipped on a laptop, failed in CI.</summary>
public sealed class FactNeedingAttribute : FactAttribute
{
    public FactNeedingAttribute(string program)
    {
        if (!Exists(program) && Environment.GetEnvironmentVariable("CI") is null or "") Skip = $"{program} is not installed";
    }

    /// <summary>Whether a program of that name is in PATH.</summary>
    public static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
