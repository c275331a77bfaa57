using System.Reflection;

namespace Engine.Hosting;

public static class EngineVersion
{
    /// <summary>Semantic version of this build, for example <c>0.1.0</c>.</summary>
    public static string Text { get; } =
        typeof(EngineVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
